package io.surprisal.trainer.reservoir;

import java.time.Duration;

/**
 * How much of the stream the trainer keeps.
 *
 * @param recent images of the recent windows together, at least 1
 * @param uniform images of the uniform samples together
 * @param heldOutShare share of the images that is never trained on, in (0, 1); its windows and
 *     samples are smaller in proportion
 * @param maxAge older images are dropped
 */
public record ReservoirBounds(int recent, int uniform, double heldOutShare, Duration maxAge) {
  public ReservoirBounds {
    if (recent < 1 || uniform < 0 || !(heldOutShare > 0 && heldOutShare < 1)) {
      throw new IllegalArgumentException(
          "a reservoir of %d recent and %d sampled images, of which a share of %s is held out"
              .formatted(recent, uniform, heldOutShare));
    }
  }
}
