package io.surprisal.model.compression;

import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** Writes pictures into an archive, several blocks side by side. */
public final class Compressor {
  private final Release release;
  private final Execution where;
  private final CompressionSettings settings;

  /**
   * A compressor.
   *
   * @param where device and workers; the precision is that of the settings' arithmetic
   */
  public Compressor(Release release, Execution where, CompressionSettings settings) {
    this.release = release;
    this.where = where;
    this.settings = settings;
  }

  /**
   * Writes an archive; it is whole or not there.
   *
   * @param form what the pictures came from
   * @param progress takes how many steps of tiles are done, of tiles · T
   * @param stop asked before every step
   * @throws StoppedException if it was stopped; nothing is left of the archive
   * @throws IOException if the archive cannot be written
   */
  public Compression compress(
      PictureSource pictures,
      ArchiveHeader.Form form,
      Path archive,
      LongConsumer progress,
      BooleanSupplier stop)
      throws IOException {
    Work work = new Work(progress, stop);
    try (CodingModel model =
            new CodingModel(
                release, where, settings.arithmetic(), settings.timesteps(), settings.batch());
        Workers workers = new Workers("compress", where.workers());
        ArchiveWriter writer = new ArchiveWriter(archive, header(model, form))) {
      Sum sum = new Sum();
      BlockCoder coder = new BlockCoder(model.coder(), model.shape(), settings.seed());
      Blocks blocks = new Blocks(pictures, coder);
      for (List<List<ArchivedPicture>> some = blocks.next(workers.count());
          !some.isEmpty();
          some = blocks.next(workers.count())) {
        List<List<ArchivedPicture>> now = some;
        List<BlockCoder.Coded> coded = workers.map(now.size(), i -> coder.encode(now.get(i), work));
        for (int i = 0; i < coded.size(); i++) {
          writer.add(now.get(i).size(), coded.get(i).bytes());
          sum.add(now.get(i), coded.get(i));
        }
      }
      return sum.of(writer.finish());
    }
  }

  private ArchiveHeader header(CodingModel model, ArchiveHeader.Form form) {
    return new ArchiveHeader(
        release.id(),
        model.shape(),
        settings.timesteps(),
        settings.batch(),
        settings.arithmetic(),
        settings.seed(),
        form,
        model.selfCheck(),
        model.machine().text());
  }

  /** Pictures in their order, as many to a block as it holds. */
  private final class Blocks {
    private final PictureSource pictures;
    private final BlockCoder coder;
    private int next;

    Blocks(PictureSource pictures, BlockCoder coder) {
      this.pictures = pictures;
      this.coder = coder;
    }

    List<List<ArchivedPicture>> next(int most) {
      List<List<ArchivedPicture>> blocks = new ArrayList<>();
      while (blocks.size() < most && next < pictures.size()) {
        List<ArchivedPicture> block = block();
        if (!block.isEmpty()) {
          blocks.add(block);
        }
      }
      return blocks;
    }

    private List<ArchivedPicture> block() {
      List<ArchivedPicture> block = new ArrayList<>();
      long tiles = 0;
      while (tiles < settings.tilesPerBlock() && next < pictures.size()) {
        Optional<ArchivedPicture> picture = pictures.picture(next++);
        if (picture.isPresent()) {
          block.add(picture.get());
          tiles += coder.tiles(picture.get().pixels().shape());
        }
      }
      return block;
    }
  }

  /** What all blocks came to. */
  private static final class Sum {
    private int images;
    private long dimensions;
    private long tiles;
    private double net;
    private double bound;
    private double initial;

    void add(List<ArchivedPicture> pictures, BlockCoder.Coded coded) {
      images += pictures.size();
      pictures.forEach(picture -> dimensions += picture.pixels().pixels().length);
      tiles += coded.tiles();
      net += coded.lengths().net();
      bound += coded.lengths().bound();
      initial += coded.initialBits();
    }

    Compression of(long bytes) {
      return new Compression(
          images, dimensions, tiles, net, (double) bytes * Byte.SIZE, bound, initial);
    }
  }
}
