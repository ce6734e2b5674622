package io.surprisal.topology.sources;

import io.surprisal.schemas.SourceAlertKind;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How a source's pictures look.
 *
 * @param levels of each measure
 * @param learned milliseconds watched at the latest picture that they were told of
 */
record Appearance(Map<Measure, Level> levels, long learned) {

  /** After an hour without a picture the light is another one, whatever the habit was. */
  private static final long STALE_MILLIS = 3600_000;

  /** A source of few images an hour: so many must have been missed. */
  private static final int STALE_IMAGES = 10;

  static Appearance unknown() {
    Map<Measure, Level> levels = new EnumMap<>(Measure.class);
    for (Measure measure : Measure.values()) {
      levels.put(measure, Level.UNKNOWN);
    }
    return new Appearance(levels, 0);
  }

  /**
   * With one picture more.
   *
   * @param perSecond rate at which they usually come
   */
  Appearance with(FrameLook look, double perSecond, WatchRules rules, Moment now) {
    long pause = now.watched() - learned;
    boolean stale = pause > STALE_MILLIS && pause / 1000.0 * perSecond > STALE_IMAGES;
    Map<Measure, Level> changed = new EnumMap<>(Measure.class);
    for (Measure measure : Measure.values()) {
      Level level = stale ? level(measure).begunAnew() : level(measure);
      changed.put(measure, level.with(measure.scaled(look), measure.least(), rules, pause, now));
    }
    return new Appearance(changed, now.watched());
  }

  private Level level(Measure measure) {
    return Objects.requireNonNull(levels.get(measure));
  }

  /** The first measure, in their order, that is far from its habit. */
  Optional<Incident> incident(WatchRules rules, Moment now) {
    for (Measure measure : Measure.values()) {
      Level level = level(measure);
      Optional<Level.Excursion> excursion = level.incident(measure.least(), rules, now);
      if (excursion.isPresent()) {
        double side = Math.signum(excursion.get().mean() - level.mean());
        return Optional.of(
            new Incident(
                SourceAlertKind.DEGRADED,
                measure.aspect(),
                excursion.get().since().wall(),
                measure.level(level.smooth()),
                OptionalDouble.of(measure.level(level.mean())),
                measure.level(level.mean() + side * level.bound(measure.least())),
                excursion.get().pictures()));
      }
    }
    return Optional.empty();
  }

  void write(DataOutputStream out) throws IOException {
    out.writeLong(learned);
    for (Measure measure : Measure.values()) {
      level(measure).write(out);
    }
  }

  static Appearance read(DataInputStream in) throws IOException {
    long learned = in.readLong();
    Map<Measure, Level> levels = new EnumMap<>(Measure.class);
    for (Measure measure : Measure.values()) {
      levels.put(measure, Level.read(in));
    }
    return new Appearance(levels, learned);
  }
}
