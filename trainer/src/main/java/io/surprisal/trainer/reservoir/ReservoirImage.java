package io.surprisal.trainer.reservoir;

import io.surprisal.model.images.PixelImage;
import java.time.Instant;

/**
 * An image of the stream, as the trainer keeps it.
 *
 * @param source camera, scanner or pipeline that it comes from
 * @param partition of the images topic
 * @param offset in the partition
 * @param arrived when it came into its topic: the timestamp of its record, which its score has too
 * @param pixels as they were decoded, in their own size
 */
public record ReservoirImage(
    String source, int partition, long offset, Instant arrived, PixelImage pixels) {

  /** Where it lies; no two images lie in the same place. */
  public Place place() {
    return new Place(partition, offset);
  }

  /** A place in the images topic. */
  public record Place(int partition, long offset) {}
}
