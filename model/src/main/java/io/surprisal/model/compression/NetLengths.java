package io.surprisal.model.compression;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/** How long images would become, without an archive: measured bits beside their bound. */
public final class NetLengths {
  private static final int BATCH = 4;

  private NetLengths() {}

  /**
   * Encodes images, each in a message of its own.
   *
   * @param where device and workers; the arithmetic is {@link Arithmetic#FLOAT32}
   * @param images in the shape of the release's network
   * @param progress takes how many steps of images are done, of images · T
   * @param stop asked before every step
   * @return the length of each, bits
   * @throws StoppedException if it was stopped
   */
  public static List<CodeLength> measure(
      Release release,
      Execution where,
      int timesteps,
      List<PixelImage> images,
      LongConsumer progress,
      BooleanSupplier stop) {
    Work work = new Work(0, timesteps, (done, all) -> progress.accept(done), stop);
    try (CodingModel model = new CodingModel(release, where, Arithmetic.FLOAT32, timesteps, BATCH);
        Workers workers = new Workers("code", where.workers())) {
      BitsBackCoder coder = model.coder();
      return workers
          .map(
              (images.size() + BATCH - 1) / BATCH,
              piece -> {
                int from = piece * BATCH;
                int to = Math.min(images.size(), from + BATCH);
                return List.of(
                    coder.encode(
                        IntStream.range(from, to).mapToObj(Message::empty).toArray(Message[]::new),
                        images.subList(from, to).stream()
                            .map(PixelImage::pixels)
                            .toArray(byte[][]::new),
                        IntStream.range(from, to).mapToLong(i -> ~((long) i << 32)).toArray(),
                        work));
              })
          .stream()
          .flatMap(List::stream)
          .toList();
    }
  }
}
