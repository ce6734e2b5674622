package io.surprisal.trainer.drift;

import java.time.Duration;

/**
 * When a change of the stream counts as one.
 *
 * @param imagesBetweenFalseAlarms mean number under no change, above 1
 * @param images that the change must have lasted for
 * @param time that it must have lasted for
 */
public record DriftSensitivity(double imagesBetweenFalseAlarms, int images, Duration time) {
  public DriftSensitivity {
    if (!(imagesBetweenFalseAlarms > 1) || images < 1 || time.isNegative()) {
      throw new IllegalArgumentException(
          "a shift after %d images and %s, with a false alarm in %s images"
              .formatted(images, time, imagesBetweenFalseAlarms));
    }
  }
}
