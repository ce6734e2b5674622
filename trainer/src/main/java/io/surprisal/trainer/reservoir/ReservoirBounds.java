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
 * @param bytes that all images take together, decoded as they are kept; windows and samples share
 *     them as they share the images
 */
public record ReservoirBounds(
    int recent, int uniform, double heldOutShare, Duration maxAge, long bytes) {

  /** 4 GiB: some thousands of photos of half a megapixel. */
  public static final long DEFAULT_BYTES = 4L << 30;

  public ReservoirBounds {
    if (recent < 1 || uniform < 0 || !(heldOutShare > 0 && heldOutShare < 1) || bytes < 1) {
      throw new IllegalArgumentException(
          "a reservoir of %d recent and %d sampled images of %d bytes together, of which a share of %s is held out"
              .formatted(recent, uniform, bytes, heldOutShare));
    }
  }
}
