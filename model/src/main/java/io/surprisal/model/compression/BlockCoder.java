package io.surprisal.model.compression;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * A block of an archive: pictures that are decoded together, and without any other block.
 *
 * <p>Its bytes: the length of what is said of the pictures and its length when inflated, 4 bytes
 * each; that, deflated; then for each message its number of words and its words. Of a picture is
 * said: its shape (channels, height, width; 1, 4 and 4 bytes), its name and its label (2 bytes of
 * length each; the name is UTF-8). Tile j of the block lies in message j mod n, the first tile on
 * top. Beneath the tiles of message k lie the CRC-32 of the samples of pictures k, k + n, …: they
 * serve as initial bits.
 */
final class BlockCoder {
  private static final int LARGEST_SAID = 1 << 28;
  private static final int LARGEST_PICTURE = 1 << 30;

  private final BitsBackCoder coder;
  private final Tiles tiles;
  private final long seed;

  /** Of archives whose initial bits come from a seed. */
  BlockCoder(BitsBackCoder coder, ImageShape tile, long seed) {
    this.coder = coder;
    this.tiles = new Tiles(tile);
    this.seed = seed;
  }

  /**
   * A block that was written.
   *
   * @param bytes of it
   * @param lengths of all tiles together
   * @param tiles how many
   * @param initialBits that its messages needed beforehand
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Coded(byte[] bytes, CodeLength lengths, int tiles, long initialBits) {}

  /** How many tiles a picture is. */
  long tiles(ImageShape picture) {
    return tiles.count(picture);
  }

  /** Writes a block. */
  Coded encode(List<ArchivedPicture> pictures, StepListener steps) {
    List<byte[]> all = new ArrayList<>();
    pictures.forEach(picture -> all.addAll(tiles.cut(picture.pixels())));
    steps.block(pictures.size(), all.size());
    Message[] messages = new Message[Math.min(coder.batch(), all.size())];
    for (int k = 0; k < messages.length; k++) {
      messages[k] = Message.above(checkSums(pictures, k, messages.length), seed + k);
    }
    double net = 0;
    double bound = 0;
    for (int first = lastRow(all.size(), messages.length); first >= 0; first -= messages.length) {
      int count = Math.min(messages.length, all.size() - first);
      byte[][] row = all.subList(first, first + count).toArray(byte[][]::new);
      for (CodeLength length :
          coder.encode(firstOf(messages, count), row, keys(first, count), steps)) {
        net += length.net();
        bound += length.bound();
      }
    }
    long initial = 0;
    for (Message message : messages) {
      initial += (long) Integer.SIZE * message.drawn();
    }
    return new Coded(written(pictures, messages), new CodeLength(net, bound), all.size(), initial);
  }

  private static int lastRow(int tiles, int messages) {
    return messages == 0 ? -1 : (tiles - 1) / messages * messages;
  }

  private static Message[] firstOf(Message[] messages, int count) {
    Message[] some = new Message[count];
    System.arraycopy(messages, 0, some, 0, count);
    return some;
  }

  /** Of the masks of tiles: their numbers, scattered so that no two streams are a step apart. */
  private long[] keys(int first, int count) {
    long[] keys = new long[count];
    for (int k = 0; k < count; k++) {
      int high = Message.pseudoRandom(~seed, 2 * (first + k));
      int low = Message.pseudoRandom(~seed, 2 * (first + k) + 1);
      keys[k] = ((long) high << Integer.SIZE) | (low & 0xffffffffL);
    }
    return keys;
  }

  private static byte[] written(List<ArchivedPicture> pictures, Message[] messages) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      byte[] said = said(pictures);
      byte[] deflated = deflated(said);
      out.writeInt(deflated.length);
      out.writeInt(said.length);
      out.write(deflated);
      for (Message message : messages) {
        int[] words = message.content();
        out.writeInt(words.length);
        for (int word : words) {
          out.writeInt(word);
        }
      }
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  private static byte[] said(List<ArchivedPicture> pictures) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (ArchivedPicture picture : pictures) {
      out.writeByte(picture.pixels().channels());
      out.writeInt(picture.pixels().height());
      out.writeInt(picture.pixels().width());
      byte[] name = picture.name().getBytes(StandardCharsets.UTF_8);
      out.writeShort(name.length);
      out.write(name);
      out.writeShort(picture.label().length);
      out.write(picture.label());
    }
    return bytes.toByteArray();
  }

  /**
   * Reads a block.
   *
   * @param bytes that {@link #encode} has written
   * @param count pictures in it
   * @throws ArchiveException if they are no such bytes, or were written with another arithmetic
   */
  List<ArchivedPicture> decode(byte[] bytes, int count, StepListener steps)
      throws ArchiveException {
    try {
      Contents contents = read(bytes, count);
      steps.block(count, contents.tiles());
      List<byte[]> all = new ArrayList<>();
      Message[] messages = contents.messages();
      while (all.size() < contents.tiles()) {
        int row = Math.min(messages.length, contents.tiles() - all.size());
        all.addAll(List.of(coder.decode(firstOf(messages, row), keys(all.size(), row), steps)));
      }
      List<PixelImage> pictures = joined(contents, all);
      requireSums(contents, pictures);
      return named(contents, pictures);
    } catch (CorruptMessageException | ArithmeticException e) {
      throw new ArchiveException("does not decode: " + e.getMessage(), e);
    }
  }

  /** What is said of a picture. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Said(ImageShape shape, String name, byte[] label) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Contents(List<Said> pictures, Message[] messages, int tiles) {}

  private Contents read(byte[] bytes, int count) throws ArchiveException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      byte[] deflated = new byte[bounded(in.getInt(), in.remaining())];
      byte[] said = new byte[bounded(in.getInt(), LARGEST_SAID)];
      in.get(deflated);
      inflate(deflated, said);
      List<Said> pictures = pictures(said, count);
      long total = 0;
      for (Said picture : pictures) {
        total += tiles.count(picture.shape());
      }
      int all = bounded(total, Integer.MAX_VALUE);
      Message[] messages = new Message[Math.min(coder.batch(), all)];
      for (int k = 0; k < messages.length; k++) {
        int[] words = new int[bounded(in.getInt(), in.remaining() / Integer.BYTES)];
        for (int i = 0; i < words.length; i++) {
          words[i] = in.getInt();
        }
        messages[k] = Message.of(words, seed + k);
      }
      if (in.hasRemaining()) {
        throw new ArchiveException("goes on after its messages");
      }
      return new Contents(pictures, messages, all);
    } catch (BufferUnderflowException
        | IOException
        | DataFormatException
        | IllegalArgumentException e) {
      throw new ArchiveException("is no block that this version writes: " + e.getMessage(), e);
    }
  }

  private static int bounded(long length, int most) throws ArchiveException {
    if (length < 0 || length > most) {
      throw new ArchiveException("states a length of " + length);
    }
    return (int) length;
  }

  private static List<Said> pictures(byte[] said, int count) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(said));
    List<Said> pictures = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ImageShape shape = new ImageShape(in.readUnsignedByte(), in.readInt(), in.readInt());
      bounded((long) shape.channels() * shape.width(), LARGEST_PICTURE / shape.height());
      byte[] name = in.readNBytes(in.readUnsignedShort());
      byte[] label = in.readNBytes(in.readUnsignedShort());
      pictures.add(new Said(shape, new String(name, StandardCharsets.UTF_8), label));
    }
    return pictures;
  }

  private List<PixelImage> joined(Contents contents, List<byte[]> all) {
    List<PixelImage> pictures = new ArrayList<>();
    int from = 0;
    for (Said said : contents.pictures()) {
      int to = from + (int) tiles.count(said.shape());
      pictures.add(tiles.join(said.shape(), all.subList(from, to)));
      from = to;
    }
    return pictures;
  }

  private static List<ArchivedPicture> named(Contents contents, List<PixelImage> pictures) {
    List<ArchivedPicture> named = new ArrayList<>();
    for (int i = 0; i < pictures.size(); i++) {
      Said said = contents.pictures().get(i);
      named.add(new ArchivedPicture(said.name(), said.label(), pictures.get(i)));
    }
    return named;
  }

  private static void requireSums(Contents contents, List<PixelImage> pictures)
      throws ArchiveException {
    int messages = contents.messages().length;
    for (int k = 0; k < messages; k++) {
      int[] sums =
          contents.messages()[k].requireInitial((pictures.size() - k + messages - 1) / messages);
      for (int i = 0; i < sums.length; i++) {
        int number = k + i * messages;
        if (checkSum(pictures.get(number)) != sums[i]) {
          throw new ArchiveException(
              "its picture %d %s has another check sum"
                  .formatted(number, contents.pictures().get(number).name())
                  .strip());
        }
      }
    }
  }

  /** Of every so-manieth picture: these lie beneath one of the messages, as its first bits. */
  private static int[] checkSums(List<ArchivedPicture> pictures, int message, int messages) {
    return IntStream.range(0, pictures.size())
        .filter(i -> i % messages == message)
        .map(i -> checkSum(pictures.get(i).pixels()))
        .toArray();
  }

  private static int checkSum(PixelImage pixels) {
    CRC32 crc = new CRC32();
    crc.update(pixels.pixels());
    return (int) crc.getValue();
  }

  private static byte[] deflated(byte[] bytes) {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] buffer = new byte[1 << 12];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  private static void inflate(byte[] deflated, byte[] into)
      throws DataFormatException, ArchiveException {
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(deflated);
      int at = 0;
      while (at < into.length) {
        int read = inflater.inflate(into, at, into.length - at);
        if (read == 0) {
          throw new ArchiveException("says too little of its pictures");
        }
        at += read;
      }
    } finally {
      inflater.end();
    }
  }
}
