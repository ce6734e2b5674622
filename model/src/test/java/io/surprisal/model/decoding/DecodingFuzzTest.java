package io.surprisal.model.decoding;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.decoding.EncodedImages.Sampling;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;

/**
 * Damaged files without end: the decoder answers each with a picture or a typed refusal, within its
 * memory; and what it gives without a word is what a decoder written after the specification gives.
 * {@code -Dsurprisal.fuzz.inputs=100000} takes more of them, {@code -Dsurprisal.fuzz.seed} others.
 */
class DecodingFuzzTest {
  private static final int INPUTS = Integer.getInteger("surprisal.fuzz.inputs", 10_000);
  private static final long SEED = Long.getLong("surprisal.fuzz.seed", 1);
  private static final int MOST_PIXELS = 4096;

  /** Bytes that one decoding of a picture of so few pixels may allocate. */
  private static final long ALLOCATION_LIMIT = 1 << 20;

  private final ImageDecoder decoder = new ImageDecoder(new DecodingLimits(64, MOST_PIXELS, 32));

  /** Inputs that were not answered as they must be. */
  private final List<String> wrong = new ArrayList<>();

  /** What became of the inputs. */
  private final Map<String, Integer> outcomes = new TreeMap<>();

  @Test
  void shouldAnswerWholeFilesAsTheReferenceDoes() throws Exception {
    int compared = 0;
    for (Map.Entry<ImageFormat, List<byte[]>> seeds : seeds().entrySet()) {
      for (byte[] whole : seeds.getValue()) {
        DecodedImage read = decoder.read(whole, Interpretation.usual());
        assertThat(read.repairs()).isSubsetOf(Repair.TRANSLUCENT); // one of them is
        try {
          Reference.Picture expected = Reference.decode(seeds.getKey(), whole);
          assertAlike(read.pixels(), expected);
          compared++;
        } catch (Reference.Unknown e) {
          outcomes.merge(seeds.getKey() + ": " + e.getMessage(), 1, Integer::sum);
        }
      }
    }
    assertThat(compared).as("others: " + outcomes).isGreaterThanOrEqualTo(18);
  }

  @Test
  void shouldAnswerDamageWithARefusalARepairOrThePixelsThatTheFileHas() throws Exception {
    Map<ImageFormat, List<byte[]>> seeds = seeds();
    List<ImageFormat> formats = List.copyOf(seeds.keySet());
    List<byte[]> all = seeds.values().stream().flatMap(List::stream).toList();
    for (int i = 0; i < 200; i++) { // classes are loaded before anything is measured
      judge(new Mutations(new Random(i), all).of(all.get(i % all.size())), i);
    }
    outcomes.clear();
    wrong.clear();
    long longest = 0;
    for (int i = 0; i < INPUTS; i++) {
      Random random = new Random(SEED * 1_000_003 + i);
      List<byte[]> of = seeds.get(formats.get(i % formats.size()));
      byte[] damaged = new Mutations(random, all).of(of.get(random.nextInt(of.size())));
      long start = processorTime();
      judge(damaged, i);
      longest = Math.max(longest, processorTime() - start);
    }
    System.out.printf(
        "%d damaged files: %s; longest %.1f ms of processor time%n",
        INPUTS, outcomes, longest / 1e6);
    assertThat(wrong).isEmpty();
    assertThat(outcomes.get("as the reference")).isGreaterThan(INPUTS / 200);
    assertThat(outcomes.get("refused")).isGreaterThan(INPUTS / 10);
    assertThat(outcomes.get("repaired")).isGreaterThan(INPUTS / 100);
  }

  private void judge(byte[] damaged, int number) {
    DecodedImage read;
    long before = ImageDecoderTest.allocatedBytes();
    try {
      read = decoder.read(damaged, Interpretation.usual());
    } catch (ImageRejectedException e) {
      assertThat(e.reason()).isNotNull();
      assertThat(e.getMessage()).isNotBlank();
      outcomes.merge("refused", 1, Integer::sum);
      return;
    } catch (RuntimeException e) {
      wrong.add(e + story(number, damaged));
      return;
    } finally {
      if (ImageDecoderTest.allocatedBytes() - before > ALLOCATION_LIMIT) {
        wrong.add("too much memory" + story(number, damaged));
      }
    }
    assertThat(read.pixels().pixels().length).isLessThanOrEqualTo(3 * MOST_PIXELS);
    if (!read.repairs().isEmpty()) {
      outcomes.merge("repaired", 1, Integer::sum);
      return;
    }
    try {
      Reference.Picture expected = Reference.decode(read.stored().format(), damaged);
      assertAlike(read.pixels(), expected);
      outcomes.merge("as the reference", 1, Integer::sum);
    } catch (Reference.Unknown e) {
      outcomes.merge("unknown to the reference", 1, Integer::sum);
    } catch (Reference.Damaged e) {
      wrong.add("taken without a word: " + e.getMessage() + story(number, damaged));
    } catch (AssertionError e) {
      wrong.add("other pixels: " + e.getMessage().lines().findFirst() + story(number, damaged));
    }
  }

  private static String story(int number, byte[] damaged) {
    return ": input %d of seed %d, %s".formatted(number, SEED, HexFormat.of().formatHex(damaged));
  }

  private static void assertAlike(PixelImage given, Reference.Picture expected) {
    int channels = Math.max(given.channels(), expected.pixels().channels());
    PixelImage one = given.withChannels(channels);
    PixelImage other = expected.pixels().withChannels(channels);
    assertThat(one.shape()).isEqualTo(other.shape());
    for (int i = 0; i < one.pixels().length; i++) {
      int difference = Math.abs((one.pixels()[i] & 0xff) - (other.pixels()[i] & 0xff));
      assertThat(difference)
          .as("sample %d of %s", i, one)
          .isLessThanOrEqualTo(expected.tolerance());
    }
  }

  private static long processorTime() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  /** Whole files of each format, of the usual kinds. */
  private static Map<ImageFormat, List<byte[]>> seeds() throws IOException {
    PixelImage grey = ImageDecoderTest.gradient(1, 9, 11);
    PixelImage colour = ImageDecoderTest.gradient(3, 9, 11);
    PixelImage noise = EncodedImages.noise(3, 17, 20, 1);
    Map<ImageFormat, List<byte[]>> seeds = new EnumMap<>(ImageFormat.class);
    seeds.put(
        ImageFormat.PNG,
        List.of(
            EncodedImages.png(grey),
            EncodedImages.png(colour),
            EncodedImages.png(noise),
            png(BufferedImage.TYPE_USHORT_GRAY, ImageWriteParam.MODE_DISABLED),
            png(BufferedImage.TYPE_BYTE_INDEXED, ImageWriteParam.MODE_DISABLED),
            png(BufferedImage.TYPE_BYTE_BINARY, ImageWriteParam.MODE_DISABLED),
            png(BufferedImage.TYPE_3BYTE_BGR, ImageWriteParam.MODE_DEFAULT),
            png(BufferedImage.TYPE_4BYTE_ABGR, ImageWriteParam.MODE_DISABLED)));
    seeds.put(
        ImageFormat.JPEG,
        List.of(
            EncodedImages.jpeg(grey, false),
            EncodedImages.jpeg(grey, true),
            EncodedImages.jpeg(colour, false),
            EncodedImages.jpeg(colour, true),
            EncodedImages.jpegWithRestarts(colour, 0, Sampling.WHOLE),
            EncodedImages.jpegWithRestarts(noise, 1, Sampling.WHOLE),
            EncodedImages.jpegWithRestarts(ImageDecoderTest.gradient(1, 20, 40), 2),
            EncodedImages.jpegWithRestarts(ImageDecoderTest.gradient(3, 20, 40), 1)));
    seeds.put(
        ImageFormat.TIFF,
        List.of(
            EncodedImages.tiff(EncodedImages.buffered(grey), ""),
            EncodedImages.tiff(EncodedImages.buffered(colour), "LZW"),
            EncodedImages.tiff(EncodedImages.buffered(noise), "LZW"),
            EncodedImages.tiff(EncodedImages.buffered(colour), "Deflate"),
            EncodedImages.tiff(EncodedImages.buffered(grey), "PackBits"),
            EncodedImages.tiff(painted(BufferedImage.TYPE_USHORT_GRAY), ""),
            EncodedImages.tiff(painted(BufferedImage.TYPE_BYTE_INDEXED), "")));
    seeds.put(
        ImageFormat.BMP,
        List.of(EncodedImages.bmp(grey), EncodedImages.bmp(colour), EncodedImages.bmp(noise)));
    return seeds;
  }

  private static BufferedImage painted(int type) {
    BufferedImage image = new BufferedImage(13, 10, type);
    for (int i = 0; i < 130; i++) {
      image.setRGB(i % 13, i / 13, 0x01030502 * i);
    }
    return image;
  }

  private static byte[] png(int type, int progressive) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
      ImageWriteParam parameters = writer.getDefaultWriteParam();
      parameters.setProgressiveMode(progressive);
      writer.setOutput(stream);
      writer.write(null, new IIOImage(painted(type), null, null), parameters);
    } finally {
      writer.dispose();
    }
    return out.toByteArray();
  }
}
