package io.surprisal.model.compression;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Writes an archive beside its name and gives it that name when it is whole. {@link #close()}
 * without {@link #finish} leaves nothing behind. For one thread.
 */
final class ArchiveWriter implements AutoCloseable {
  private final Path file;
  private final Path partial;
  private final byte[] header;
  private final FileChannel channel;
  private final OutputStream out;
  private final List<Long> positions = new ArrayList<>();
  private long pictures;
  private long position;

  ArchiveWriter(Path file, ArchiveHeader header) throws IOException {
    this.file = file;
    this.header = header.bytes();
    partial = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    channel = FileChannel.open(partial, CREATE_NEW, WRITE);
    out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
    write(ArchiveFormat.start(this.header));
  }

  /** Adds a block of the next pictures. */
  void add(int count, byte[] bytes) throws IOException {
    positions.add(position);
    write(ArchiveFormat.block(pictures, count, bytes));
    pictures += count;
  }

  /**
   * Ends the archive; when this returns it is on disk.
   *
   * @param note at its end
   * @return how many bytes it has
   */
  long finish(byte[] note) throws IOException {
    write(
        ArchiveFormat.end(
            header, pictures, note, positions.stream().mapToLong(p -> p).toArray(), position));
    out.flush();
    channel.force(true);
    out.close();
    Files.move(partial, file, ATOMIC_MOVE, REPLACE_EXISTING);
    return position;
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    position += bytes.length;
  }

  @Override
  public void close() throws IOException {
    out.close();
    Files.deleteIfExists(partial);
  }
}
