package io.surprisal.model.compression;

/**
 * How an archive is written.
 *
 * @param timesteps T, evaluations of the network an image; at least 1
 * @param batch images that go through the network at once; a block has as many messages, each of
 *     which needs initial bits. 1 to 1024
 * @param tilesPerBlock about how many tiles lie in a block, at least 1
 * @param arithmetic of the network's output
 * @param seed of the initial bits
 */
public record CompressionSettings(
    int timesteps, int batch, int tilesPerBlock, Arithmetic arithmetic, long seed) {
  /** The largest batch. */
  public static final int MOST_BATCH = 1024;

  /** Tiles a message beyond which a further one is begun. */
  private static final int MESSAGE = 64;

  private static final int USUAL_BATCH = 4;

  /** About how many tiles lie in a block unless told otherwise. */
  public static final int USUAL_TILES = 512;

  public CompressionSettings {
    if (timesteps < 1) {
      throw new IllegalArgumentException("timesteps is " + timesteps + ", must be at least 1");
    }
    if (batch < 1 || batch > MOST_BATCH || tilesPerBlock < 1) {
      throw new IllegalArgumentException(
          "a batch of %d (1 to %d) in blocks of %d tiles (at least 1)"
              .formatted(batch, MOST_BATCH, tilesPerBlock));
    }
  }

  /** The batch for so many pictures: few begin few messages, which cost initial bits each. */
  public static int usualBatch(int pictures) {
    return Math.max(1, Math.min(USUAL_BATCH, pictures / MESSAGE));
  }
}
