package io.surprisal.model.compression;

import io.surprisal.model.runtime.Workers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * An archive that is being written. Pictures are taken as they come; as soon as there is a full
 * block for each worker, these are encoded. {@link #close()} without an end leaves nothing behind.
 *
 * <p>Of a {@link Compressor}, which must stay open. For one thread.
 */
public final class OpenArchive implements AutoCloseable {
  private final Workers workers;
  private final BlockCoder coder;
  private final int tilesPerBlock;
  private final ArchiveWriter writer;
  private final StepListener work;
  private final Sum sum = new Sum();
  private final List<List<ArchivedPicture>> full = new ArrayList<>();
  private List<ArchivedPicture> block = new ArrayList<>();
  private long tiles;

  OpenArchive(
      Workers workers,
      BlockCoder coder,
      int tilesPerBlock,
      ArchiveWriter writer,
      StepListener work) {
    this.workers = workers;
    this.coder = coder;
    this.tilesPerBlock = tilesPerBlock;
    this.writer = writer;
    this.work = work;
  }

  /**
   * Adds a picture.
   *
   * @throws StoppedException if coding was stopped
   * @throws IOException if the archive cannot be written
   */
  public void add(ArchivedPicture picture) throws IOException {
    block.add(picture);
    tiles += coder.tiles(picture.pixels().shape());
    if (tiles >= tilesPerBlock) {
      endBlock();
      if (full.size() == workers.count()) {
        encode();
      }
    }
  }

  /** Ends the archive, which has then its name and is on disk. */
  public Compression finish() throws IOException {
    return finish(new byte[0]);
  }

  /** Ends the archive of a stream. */
  public Compression finish(UsedRecords records) throws IOException {
    return finish(records.note());
  }

  private Compression finish(byte[] note) throws IOException {
    if (!block.isEmpty()) {
      endBlock();
    }
    encode();
    return sum.of(writer.finish(note));
  }

  private void endBlock() {
    full.add(block);
    block = new ArrayList<>();
    tiles = 0;
  }

  private void encode() throws IOException {
    List<BlockCoder.Coded> coded = workers.map(full.size(), i -> coder.encode(full.get(i), work));
    for (int i = 0; i < coded.size(); i++) {
      writer.add(full.get(i).size(), coded.get(i).bytes());
      sum.add(full.get(i), coded.get(i));
    }
    full.clear();
  }

  @Override
  public void close() throws IOException {
    writer.close();
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
