package io.surprisal.model.compression;

import io.surprisal.model.checks.Sha256;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An archive to read: what it says of itself, and where its blocks lie. One that is damaged says so
 * in {@link #damages()}, and still gives every block that is whole.
 *
 * <p>Owns an open file. Threads may share an instance.
 */
public final class ArchiveFile implements AutoCloseable {
  private static final int WINDOW = 1 << 20;

  /**
   * Where a block lies.
   *
   * @param position of its mark, bytes
   * @param first number of its first picture
   * @param pictures how many
   * @param length of its bytes
   */
  public record Place(long position, long first, int pictures, int length) {}

  private final FileChannel channel;
  private final ArchiveHeader header;
  private final List<Place> blocks;
  private final Optional<End> end;
  private final List<String> damages;

  private ArchiveFile(
      FileChannel channel,
      ArchiveHeader header,
      List<Place> blocks,
      Optional<End> end,
      List<String> damages) {
    this.channel = channel;
    this.header = header;
    this.blocks = List.copyOf(blocks);
    this.end = end;
    this.damages = List.copyOf(damages);
  }

  /**
   * Opens an archive.
   *
   * @throws ArchiveException if it is none, of another version, or damaged at both its ends
   * @throws IOException if it cannot be read
   */
  public static ArchiveFile open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file);
    try {
      return open(file, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** What the end of an archive says. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record End(ArchiveHeader header, long pictures, byte[] note, long[] positions) {}

  private static ArchiveFile open(Path file, FileChannel channel) throws IOException {
    List<String> damages = new ArrayList<>();
    Optional<ArchiveHeader> start = start(file, channel, damages);
    Optional<End> end = end(channel);
    if (end.isEmpty()) {
      damages.add("its end is missing or damaged, so how many pictures it held is not known");
    }
    ArchiveHeader header =
        start
            .or(() -> end.map(End::header))
            .orElseThrow(
                () ->
                    new ArchiveException(
                        file + " is no archive of surprisal compress, or damaged at both ends"));
    List<Place> blocks = new ArrayList<>();
    if (end.isPresent()) {
      long[] positions = end.get().positions();
      for (int i = 0; i < positions.length; i++) {
        Optional<Place> place = place(channel, positions[i]);
        place.ifPresent(blocks::add);
        if (place.isEmpty()) {
          damages.add(
              "block %d of %d at byte %d is damaged".formatted(i, positions.length, positions[i]));
        }
      }
    } else {
      blocks.addAll(found(channel));
    }
    return new ArchiveFile(channel, header, blocks, end, damages);
  }

  private static Optional<ArchiveHeader> start(Path file, FileChannel channel, List<String> damages)
      throws IOException {
    int fixed = Long.BYTES + 2 * Short.BYTES;
    if (channel.size() < fixed) {
      throw new ArchiveException(file + " is no archive of surprisal compress: it is too short");
    }
    ByteBuffer in = ByteBuffer.wrap(read(channel, 0, fixed));
    boolean magic = in.getLong() == ArchiveFormat.MAGIC;
    int version = in.getShort() & 0xffff;
    int length = in.getShort() & 0xffff;
    int whole = fixed + length;
    if (magic && channel.size() >= whole + Integer.BYTES) {
      byte[] all = read(channel, 0, whole + Integer.BYTES);
      if (ByteBuffer.wrap(all).getInt(whole) == ArchiveFormat.crc(all, 0, whole)) {
        if (version != ArchiveFormat.VERSION) {
          throw new ArchiveException(
              "%s is an archive of version %d; this surprisal reads version %d: take a newer one"
                  .formatted(file, version, ArchiveFormat.VERSION));
        }
        return Optional.of(ArchiveHeader.of(Arrays.copyOfRange(all, fixed, whole)));
      }
    }
    damages.add("its header is damaged");
    return Optional.empty();
  }

  private static Optional<End> end(FileChannel channel) throws IOException {
    long tail = channel.size() - ArchiveFormat.TAIL;
    if (tail < 0) {
      return Optional.empty();
    }
    ByteBuffer last = ByteBuffer.wrap(read(channel, tail, ArchiveFormat.TAIL));
    long position = last.getLong();
    if (last.getLong() != ArchiveFormat.LAST || position < 0 || position >= tail) {
      return Optional.empty();
    }
    if (tail - position > Integer.MAX_VALUE) {
      return Optional.empty();
    }
    byte[] end = read(channel, position, (int) (tail - position));
    ByteBuffer in = ByteBuffer.wrap(end);
    int fixed = Long.BYTES + Short.BYTES + Long.BYTES + 3 * Integer.BYTES;
    if (in.capacity() < fixed || in.getLong() != ArchiveFormat.END) {
      return Optional.empty();
    }
    int body = in.capacity() - Integer.BYTES;
    if (in.getInt(body) != ArchiveFormat.crc(end, Long.BYTES, body - Long.BYTES)) {
      return Optional.empty();
    }
    byte[] header = new byte[in.getShort() & 0xffff];
    if (header.length > in.capacity() - fixed) {
      return Optional.empty();
    }
    in.get(header);
    long pictures = in.getLong();
    int noted = in.getInt();
    if (noted < 0 || noted > body - in.position() - Integer.BYTES) {
      return Optional.empty();
    }
    byte[] note = new byte[noted];
    in.get(note);
    int count = in.getInt();
    if (count < 0 || (long) count * Long.BYTES != body - in.position()) {
      return Optional.empty();
    }
    long[] positions = new long[count];
    for (int i = 0; i < count; i++) {
      positions[i] = in.getLong();
    }
    return Optional.of(new End(ArchiveHeader.of(header), pictures, note, positions));
  }

  /** The head of a block; empty if there is none. */
  private static Optional<Place> place(FileChannel channel, long position) throws IOException {
    long room = channel.size() - position - ArchiveFormat.BLOCK_HEAD - ArchiveFormat.HASH;
    if (position < 0 || room < 0) {
      return Optional.empty();
    }
    ByteBuffer head = ByteBuffer.wrap(read(channel, position, ArchiveFormat.BLOCK_HEAD));
    boolean mark = head.getLong() == ArchiveFormat.BLOCK;
    Place place = new Place(position, head.getLong(), head.getInt(), head.getInt());
    boolean numbered = place.first() >= 0 && place.first() <= Long.MAX_VALUE / 2;
    return mark
            && numbered
            && place.length() >= 0
            && place.length() <= room
            && place.pictures() >= 0
        ? Optional.of(place)
        : Optional.empty();
  }

  /** Whole blocks anywhere in the file, by their marks and hashes. */
  private static List<Place> found(FileChannel channel) throws IOException {
    List<Place> found = new ArrayList<>();
    long at = 0;
    while (at + ArchiveFormat.BLOCK_HEAD <= channel.size()) {
      OptionalLong mark = nextMark(channel, at);
      if (mark.isEmpty()) {
        break;
      }
      Optional<Place> place = place(channel, mark.getAsLong());
      if (place.isPresent() && content(channel, place.get()).isPresent()) {
        found.add(place.get());
        at =
            mark.getAsLong() + ArchiveFormat.BLOCK_HEAD + place.get().length() + ArchiveFormat.HASH;
      } else {
        at = mark.getAsLong() + 1;
      }
    }
    return found;
  }

  private static OptionalLong nextMark(FileChannel channel, long from) throws IOException {
    for (long at = from; at + Long.BYTES <= channel.size(); at += WINDOW - Long.BYTES + 1) {
      ByteBuffer in =
          ByteBuffer.wrap(read(channel, at, (int) Math.min(WINDOW, channel.size() - at)));
      for (int i = 0; i + Long.BYTES <= in.capacity(); i++) {
        if (in.getLong(i) == ArchiveFormat.BLOCK) {
          return OptionalLong.of(at + i);
        }
      }
    }
    return OptionalLong.empty();
  }

  /** A block's bytes; empty if their hash is another. */
  private static Optional<byte[]> content(FileChannel channel, Place place) throws IOException {
    int hashed = ArchiveFormat.BLOCK_HEAD - Long.BYTES + place.length();
    byte[] all = read(channel, place.position() + Long.BYTES, hashed + ArchiveFormat.HASH);
    MessageDigest digest = Sha256.digest();
    digest.update(all, 0, hashed);
    return Arrays.equals(digest.digest(), Arrays.copyOfRange(all, hashed, all.length))
        ? Optional.of(Arrays.copyOfRange(all, ArchiveFormat.BLOCK_HEAD - Long.BYTES, hashed))
        : Optional.empty();
  }

  private static byte[] read(FileChannel channel, long position, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new EOFException("the archive ends within what it states");
      }
    }
    return buffer.array();
  }

  /** What the archive says of itself. */
  public ArchiveHeader header() {
    return header;
  }

  /** Where its blocks lie, in order. */
  public List<Place> blocks() {
    return blocks;
  }

  /** How many pictures it holds; empty where its end is missing. */
  public OptionalLong pictures() {
    return end.map(e -> OptionalLong.of(e.pictures())).orElse(OptionalLong.empty());
  }

  /**
   * Which records an archive of a stream has used up; empty where it is of none, or its end is
   * missing.
   *
   * @throws ArchiveException if what it says cannot be read
   */
  public Optional<UsedRecords> usedRecords() throws ArchiveException {
    return header.form() == ArchiveHeader.Form.STREAM && end.isPresent()
        ? Optional.of(UsedRecords.of(end.get().note()))
        : Optional.empty();
  }

  /** What is wrong with it as far as that is seen before blocks are read, for people. */
  public List<String> damages() {
    return damages;
  }

  /** A block's bytes; empty if they are damaged. */
  Optional<byte[]> content(Place place) throws IOException {
    return content(channel, place);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
