package io.surprisal.topology.sources;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether one number of a source's pictures is near its habit. The habit follows slow changes, such
 * as daylight, within an hour. What departs from it faster is an excursion: the average of the last
 * eight or so pictures (so that no single one matters) lies further off than four mean deviations,
 * and further than a change that counts. The habit learns nothing of an excursion while it lasts.
 * One of a kind that has been seen twice in two weeks, such as lights that go out in the evening,
 * is a habit too; and so is what has lasted three days.
 *
 * @param learnt pictures that the habit was learned from since it was last begun anew
 * @param mean habit
 * @param deviation mean distance from it
 * @param smooth average of the latest pictures
 * @param excursion that has not ended
 * @param past excursions, those that were held, the latest last; at most {@value #KEPT}
 */
record Level(
    long learnt,
    double mean,
    double deviation,
    double smooth,
    Optional<Excursion> excursion,
    List<Past> past) {

  /** So many pictures tell the habit. */
  private static final int ENOUGH = 50;

  private static final double SMOOTHING = 1.0 / 8;
  private static final double DEVIATIONS = 4;
  private static final double FOLLOWING_MILLIS = 3600e3;

  /** A single picture moves the habit by no more than this part of the way. */
  private static final double MOST_WEIGHT = 1.0 / 8;

  /** Shorter excursions are no incidents. */
  private static final long LEAST_MILLIS = 5 * 60_000;

  private static final long DAY_MILLIS = 24L * 3600 * 1000;
  private static final long ADOPTED_MILLIS = 3 * DAY_MILLIS;
  private static final long MEMORY_MILLIS = 14 * DAY_MILLIS;
  private static final int KEPT = 4;

  /** So many past excursions of a kind make a habit of it. */
  private static final int HABIT = 2;

  static final Level UNKNOWN = new Level(0, 0, 0, 0, Optional.empty(), List.of());

  /**
   * Pictures off the habit.
   *
   * @param pictures how many, up to now
   * @param since the first of them
   * @param mean of them
   */
  record Excursion(long pictures, Moment since, double mean) {

    private Excursion with(double value) {
      return new Excursion(pictures + 1, since, mean + (value - mean) / (pictures + 1));
    }
  }

  /**
   * An excursion that has ended.
   *
   * @param mean of its pictures
   * @param at milliseconds watched at its end
   */
  record Past(double mean, long at) {}

  Level {
    past = List.copyOf(past);
  }

  /**
   * With one picture more.
   *
   * @param value on the measure's scale
   * @param least change that counts
   * @param pause milliseconds since the picture before
   */
  Level with(double value, double least, WatchRules rules, long pause, Moment now) {
    if (learnt < ENOUGH) {
      double weight = 1.0 / (learnt + 1);
      double newMean = mean + weight * (value - mean);
      return new Level(
          learnt + 1,
          newMean,
          deviation + weight * (Math.abs(value - newMean) - deviation),
          newMean,
          Optional.empty(),
          past);
    }
    double newSmooth = smooth + SMOOTHING * (value - smooth);
    double distance = Math.abs(newSmooth - mean);
    double bound = bound(least);
    if (distance > (excursion.isPresent() ? bound / 2 : bound)) {
      Excursion longer =
          excursion.map(before -> before.with(value)).orElse(new Excursion(1, now, value));
      return now.watched() - longer.since().watched() > ADOPTED_MILLIS
          ? begunAnew()
          : new Level(learnt, mean, deviation, newSmooth, Optional.of(longer), past);
    }
    double weight =
        Math.max(Math.min(MOST_WEIGHT, -Math.expm1(-pause / FOLLOWING_MILLIS)), 1.0 / (learnt + 1));
    return new Level(
        learnt + 1,
        mean + weight * (value - mean),
        deviation + weight * (Math.abs(value - mean) - deviation),
        newSmooth,
        Optional.empty(),
        excursion
            .filter(ended -> held(ended, rules, now))
            .map(ended -> pastWith(new Past(ended.mean(), now.watched())))
            .orElse(past));
  }

  private List<Past> pastWith(Past ended) {
    List<Past> kept = new ArrayList<>(past);
    kept.removeIf(excursion -> ended.at() - excursion.at() > MEMORY_MILLIS);
    kept.add(ended);
    return kept.size() > KEPT ? kept.subList(kept.size() - KEPT, kept.size()) : kept;
  }

  /** Learns its habit anew, but remembers its excursions. */
  Level begunAnew() {
    return new Level(0, 0, 0, 0, Optional.empty(), past);
  }

  /** How far from the habit is far, on the measure's scale. */
  double bound(double least) {
    return Math.max(least, DEVIATIONS * deviation);
  }

  /** The excursion, where it has lasted long enough, and is none that has become a habit. */
  Optional<Excursion> incident(double least, WatchRules rules, Moment now) {
    return excursion.filter(
        current ->
            held(current, rules, now)
                && past.stream()
                        .filter(
                            before ->
                                now.watched() - before.at() <= MEMORY_MILLIS
                                    && Math.abs(before.mean() - current.mean()) <= bound(least))
                        .count()
                    < HABIT);
  }

  private static boolean held(Excursion excursion, WatchRules rules, Moment now) {
    return excursion.pictures() >= rules.degradedAfter()
        && now.watched() - excursion.since().watched() >= LEAST_MILLIS;
  }

  void write(DataOutputStream out) throws IOException {
    out.writeLong(learnt);
    out.writeDouble(mean);
    out.writeDouble(deviation);
    out.writeDouble(smooth);
    out.writeBoolean(excursion.isPresent());
    if (excursion.isPresent()) {
      out.writeLong(excursion.get().pictures());
      out.writeLong(excursion.get().since().watched());
      out.writeLong(excursion.get().since().wall());
      out.writeDouble(excursion.get().mean());
    }
    out.writeByte(past.size());
    for (Past ended : past) {
      out.writeDouble(ended.mean());
      out.writeLong(ended.at());
    }
  }

  static Level read(DataInputStream in) throws IOException {
    long learnt = in.readLong();
    double mean = in.readDouble();
    double deviation = in.readDouble();
    double smooth = in.readDouble();
    Optional<Excursion> excursion =
        in.readBoolean()
            ? Optional.of(
                new Excursion(
                    in.readLong(), new Moment(in.readLong(), in.readLong()), in.readDouble()))
            : Optional.empty();
    int kept = in.readByte();
    List<Past> past = new ArrayList<>();
    for (int i = 0; i < kept; i++) {
      past.add(new Past(in.readDouble(), in.readLong()));
    }
    return new Level(learnt, mean, deviation, smooth, excursion, past);
  }
}
