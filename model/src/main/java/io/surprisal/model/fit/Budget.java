package io.surprisal.model.fit;

import java.time.Duration;

/** When a run ends. */
public sealed interface Budget {

  /**
   * The share that is spent.
   *
   * @param steps taken so far
   * @param seconds of training so far
   * @return in [0, 1]; a run ends at 1
   */
  double fraction(long steps, double seconds);

  /**
   * How many images a run sees.
   *
   * @param batch images a step
   * @param millisPerImage of a training step
   */
  double images(int batch, double millisPerImage);

  /**
   * After some optimiser steps.
   *
   * @param count in all, at least 0
   */
  record Steps(long count) implements Budget {

    /**
     * @throws IllegalArgumentException if the count is negative
     */
    public Steps {
      if (count < 0) {
        throw new IllegalArgumentException(
            "a run needs an end: " + count + " is no number of steps");
      }
    }

    @Override
    public double fraction(long steps, double seconds) {
      return count == 0 ? 1 : Math.min(1, (double) steps / count);
    }

    @Override
    public double images(int batch, double millisPerImage) {
      return (double) count * batch;
    }
  }

  /**
   * After some wall time of training.
   *
   * @param duration in all, not negative
   */
  record Time(Duration duration) implements Budget {

    /**
     * @throws IllegalArgumentException if the duration is negative
     */
    public Time {
      if (duration.isNegative()) {
        throw new IllegalArgumentException("a run needs an end: " + duration + " is no time");
      }
    }

    @Override
    public double fraction(long steps, double seconds) {
      long millis = duration.toMillis();
      return millis == 0 ? 1 : Math.min(1, seconds * 1000 / millis);
    }

    @Override
    public double images(int batch, double millisPerImage) {
      return duration.toMillis() / millisPerImage;
    }
  }

  /**
   * After so many steps or so much time, whichever is spent first.
   *
   * @param steps at most
   * @param time at most
   */
  record Either(Steps steps, Time time) implements Budget {
    @Override
    public double fraction(long done, double seconds) {
      return Math.max(steps.fraction(done, seconds), time.fraction(done, seconds));
    }

    @Override
    public double images(int batch, double millisPerImage) {
      return Math.min(steps.images(batch, millisPerImage), time.images(batch, millisPerImage));
    }
  }
}
