package io.surprisal.trainer.run;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * When the release of a run is to be expected, if it passes the gate: training has its time, and
 * after it held-out images are scored again and again, which takes as long as it takes on this
 * machine beside all that runs there. Not thread-safe.
 */
final class RunOutlook {

  /** Of what judging has taken already; so much more is expected where that was to be the end. */
  private static final double OVERDUE = 0.25;

  private final long scorings;
  private double secondsAnImage = Double.NaN;
  private Optional<Instant> trainedAt = Optional.empty();

  /**
   * @param scorings of held-out images between training and release
   */
  RunOutlook(long scorings) {
    this.scorings = scorings;
  }

  /** How long scoring one image takes now, rests included. */
  void measured(double secondsAnImage) {
    this.secondsAnImage = secondsAnImage;
  }

  /** Training has ended. */
  void trained(Instant now) {
    trainedAt = Optional.of(now);
  }

  /**
   * When the release is to be expected; empty as long as nothing was measured.
   *
   * @param trainingLeft nothing once training has ended
   */
  Optional<Instant> expected(Instant now, Duration trainingLeft) {
    if (Double.isNaN(secondsAnImage)) {
      return Optional.empty();
    }
    Duration judging = Duration.ofMillis(Math.round(scorings * secondsAnImage * 1000));
    if (trainedAt.isEmpty()) {
      return Optional.of(now.plus(trainingLeft).plus(judging));
    }
    Instant announced = trainedAt.get().plus(judging);
    long taken = Duration.between(trainedAt.get(), now).toMillis();
    Instant overdue = now.plusMillis(Math.round(OVERDUE * taken));
    return Optional.of(announced.isAfter(now) ? announced : overdue);
  }
}
