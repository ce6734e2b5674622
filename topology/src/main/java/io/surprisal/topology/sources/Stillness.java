package io.surprisal.topology.sources;

import io.surprisal.schemas.SourceAspect;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Whether a source's pictures still change. A run is of pictures that are equal to the one before,
 * or near-copies of it: that differ by less than a quarter of what this source's usually do, and by
 * less than a quarter of a level. The noise of a sensor alone makes more; a source whose pictures
 * never have more to tell them apart has no near-copies, and one that has always sent equal
 * pictures has no run that ended, so neither is ever found frozen.
 *
 * @param last picture; empty: none yet
 * @param run alike pictures in a row, up to the last
 * @param since milliseconds of the wall clock at the first of them
 * @param copies whether one of the run is a near-copy, not equal
 * @param stir mean logarithm of the differences of pictures that are not alike
 * @param runs that have ended, in pictures
 */
record Stillness(
    Optional<FrameLook> last, long run, long since, boolean copies, double stir, Spells runs) {

  /** Difference in levels, at most, of near-copies. */
  private static final double MOST_DIFFERENCE = 0.25;

  /** How many times less than usual near-copies differ. */
  private static final double FEWER = 4;

  /** Added to differences, whose logarithm is taken: those below it say nothing. */
  private static final double RESOLUTION = 1.0 / 16;

  private static final int AVERAGED = 128;

  static final Stillness UNKNOWN = new Stillness(Optional.empty(), 0, 0, false, 0, Spells.NONE);

  /** With one picture more. */
  Stillness with(FrameLook look, Moment now) {
    if (last.isEmpty()) {
      return new Stillness(Optional.of(look), 1, now.wall(), false, stir, runs);
    }
    if (last.get().digest() == look.digest()) {
      return new Stillness(Optional.of(look), run + 1, since, copies, stir, runs);
    }
    double difference = last.get().difference(look);
    if (isCopy(difference)) {
      return new Stillness(Optional.of(look), run + 1, since, true, stir, runs);
    }
    double weight = 1.0 / Math.min(AVERAGED, runs.ended() + 1);
    return new Stillness(
        Optional.of(look),
        1,
        now.wall(),
        false,
        stir + weight * (Math.log(difference + RESOLUTION) - stir),
        runs.with((double) run, now.watched()));
  }

  private boolean isCopy(double difference) {
    return runs.ended() >= Spells.ENOUGH
        && difference <= MOST_DIFFERENCE
        && (difference + RESOLUTION) * FEWER < Math.exp(stir);
  }

  /** Whether the last picture is alike the one before. */
  boolean still() {
    return run > 1;
  }

  SourceAspect aspect() {
    return copies ? SourceAspect.NEAR_COPIES : SourceAspect.SAME_PIXELS;
  }

  /** Pictures in a row that are too many; empty as long as nothing is known of the source. */
  OptionalDouble limit(WatchRules rules, long watched) {
    return runs.limit(rules.frozenAfter(), watched);
  }

  void write(DataOutputStream out) throws IOException {
    out.writeBoolean(last.isPresent());
    if (last.isPresent()) {
      last.get().write(out);
    }
    out.writeLong(run);
    out.writeLong(since);
    out.writeBoolean(copies);
    out.writeDouble(stir);
    runs.write(out);
  }

  static Stillness read(DataInputStream in) throws IOException {
    Optional<FrameLook> last =
        in.readBoolean() ? Optional.of(FrameLook.read(in)) : Optional.empty();
    return new Stillness(
        last, in.readLong(), in.readLong(), in.readBoolean(), in.readDouble(), Spells.read(in));
  }
}
