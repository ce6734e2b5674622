package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.EncodedImages.buffered;
import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.concat;
import static io.surprisal.model.decoding.EncodedImages.noise;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TiffAndBmpTest {
  private final ImageDecoder decoder = new ImageDecoder(DecodingLimits.defaults());

  @ParameterizedTest
  @CsvSource({
    "1, ''",
    "3, ''",
    "1, LZW",
    "3, LZW",
    "1, Deflate",
    "3, Deflate",
    "1, PackBits",
    "3, ZLib"
  })
  void shouldReadWhatATiffWriterWrote(int channels, String compression) throws Exception {
    PixelImage smooth = ImageDecoderTest.gradient(channels, 70, 90);
    assertThat(decoder.decode(EncodedImages.tiff(buffered(smooth), compression))).isEqualTo(smooth);
    PixelImage rough = noise(channels, 70, 90, 1);
    DecodedImage read =
        decoder.read(EncodedImages.tiff(buffered(rough), compression), Interpretation.usual());
    assertThat(read.pixels()).isEqualTo(rough);
    assertThat(read.repairs()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldReadGreyOfEveryDepthEitherWayRound(boolean little) throws Exception {
    ByteOrder order = little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    byte[] deep = ByteBuffer.allocate(4).order(order).putShort((short) 0x8000).array();
    ByteBuffer.wrap(deep).order(order).putShort(2, (short) 257);
    assertThat(decoder.decode(tiff(order, 2, 1, 1, 16, 1, deep)))
        .isEqualTo(new PixelImage(1, 1, 2, bytes(128, 1)));
    assertThat(decoder.decode(tiff(order, 2, 1, 1, 16, 0, deep)))
        .isEqualTo(new PixelImage(1, 1, 2, bytes(127, 254)));
    assertThat(decoder.decode(tiff(order, 2, 2, 1, 8, 1, bytes(1, 2, 3, 4))))
        .isEqualTo(new PixelImage(1, 2, 2, bytes(1, 2, 3, 4)));
    assertThat(decoder.decode(tiff(order, 2, 2, 1, 8, 0, bytes(1, 2, 3, 4))))
        .isEqualTo(new PixelImage(1, 2, 2, bytes(254, 253, 252, 251)));
    assertThat(decoder.decode(tiff(order, 3, 1, 1, 4, 1, bytes(0x0f, 0x70))))
        .isEqualTo(new PixelImage(1, 1, 3, bytes(0, 255, 119)));
    assertThat(decoder.decode(tiff(order, 3, 2, 1, 1, 1, bytes(0b101_00000, 0b011_00000))))
        .isEqualTo(new PixelImage(1, 2, 3, bytes(255, 0, 255, 0, 255, 255)));
    assertThat(decoder.decode(tiff(order, 3, 1, 1, 1, 0, bytes(0b101_00000))))
        .isEqualTo(new PixelImage(1, 1, 3, bytes(0, 255, 0)));
  }

  @Test
  void shouldReadColourInkAndAlphaOfATiff() throws Exception {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    assertThat(decoder.decode(tiff(order, 1, 1, 3, 16, 2, bytes(0, 0x40, 0, 0x80, 0xff, 0xff))))
        .isEqualTo(new PixelImage(3, 1, 1, bytes(64, 128, 255)));
    assertThat(decoder.decode(tiff(order, 2, 1, 4, 8, 5, bytes(0, 0, 0, 0, 255, 0, 0, 51))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(255, 0, 255, 204, 255, 204)));
    byte[] rgba = bytes(100, 0, 200, 51, 10, 20, 30, 255);
    assertThat(decoder.decode(tiff(order, 2, 1, 4, 8, 2, rgba, Map.of(338, new int[] {2}))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(224, 10, 204, 20, 244, 30)));
    assertThat(decoder.decode(tiff(order, 2, 1, 4, 8, 2, rgba, Map.of(338, new int[] {0}))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(100, 10, 0, 20, 200, 30)));
    byte[] multiplied = bytes(20, 0, 40, 51, 10, 20, 30, 255);
    assertThat(decoder.decode(tiff(order, 2, 1, 4, 8, 2, multiplied, Map.of(338, new int[] {1}))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(224, 10, 204, 20, 244, 30)));
  }

  @Test
  void shouldReadPalettesPlanesAndOrientationOfATiff() throws Exception {
    ByteOrder order = ByteOrder.BIG_ENDIAN;
    int[] palette = new int[3 * 16];
    palette[1] = 0x1234;
    palette[16 + 1] = 0xffff;
    palette[32 + 2] = 0x8080;
    assertThat(decoder.decode(tiff(order, 2, 1, 1, 4, 3, bytes(0x12), Map.of(320, palette))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(0x12, 0, 0xff, 0, 0, 0x80)));
    palette[1] = 0x12;
    palette[16 + 1] = 0xff;
    palette[32 + 2] = 0x80;
    assertThat(decoder.decode(tiff(order, 2, 1, 1, 4, 3, bytes(0x12), Map.of(320, palette))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(0x12, 0, 0xff, 0, 0, 0x80)));
    assertThat(decoder.decode(tiff(order, 2, 1, 1, 8, 1, bytes(1, 2), Map.of(274, new int[] {6}))))
        .isEqualTo(new PixelImage(1, 2, 1, bytes(1, 2)));
  }

  @Test
  void shouldRefuseATiffOfWhichAPartIsShort() {
    for (String compression : new String[] {"", "LZW", "Deflate", "PackBits"}) {
      byte[] whole = EncodedImages.tiff(buffered(noise(1, 40, 40, 2)), compression);
      for (int cut = 1; cut < whole.length; cut += 7) {
        byte[] shorter = Arrays.copyOf(whole, whole.length - cut);
        assertThatExceptionOfType(ImageRejectedException.class)
            .as("%s cut by %d", compression, cut)
            .isThrownBy(() -> decoder.decode(shorter));
      }
    }
    assertRefused(Reason.TRUNCATED, tiff(ByteOrder.LITTLE_ENDIAN, 2, 2, 1, 8, 1, bytes(1, 2, 3)));
  }

  @Test
  void shouldRefuseATiffThatIsLargerThanItsBytesOrOfAnotherKind() {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    long before = ImageDecoderTest.allocatedBytes();
    assertRefused(Reason.TOO_LARGE, tiff(order, 60000, 60000, 1, 8, 1, bytes(1)));
    assertRefused(Reason.ZERO_SIZE, tiff(order, 0, 5, 1, 8, 1, bytes(1)));
    assertRefused(Reason.TRUNCATED, tiff(order, 4000, 4000, 1, 8, 1, bytes(1)));
    assertThat(ImageDecoderTest.allocatedBytes() - before).isLessThan(1 << 20);
    assertRefused(
        Reason.UNSUPPORTED, tiff(order, 1, 1, 1, 8, 1, bytes(1), Map.of(259, new int[] {7})));
    assertRefused(
        Reason.UNSUPPORTED, tiff(order, 1, 1, 1, 16, 1, bytes(1, 1), Map.of(339, new int[] {3})));
    assertRefused(Reason.UNSUPPORTED, tiff(order, 1, 1, 3, 8, 6, bytes(1, 2, 3)));
    // Eight strips that all say they are the whole file.
    assertRefused(
        Reason.TRUNCATED,
        tiff(
            order,
            1,
            8,
            1,
            8,
            1,
            new byte[200],
            Map.of(
                278,
                new int[] {1},
                273,
                new int[] {8, 8, 8, 8, 8, 8, 8, 8},
                279,
                new int[] {200, 200, 200, 200, 200, 200, 200, 200})));
  }

  /** Compressed image data says itself where it ends; what comes after it is no part of it. */
  @Test
  void shouldSayWhereAPartHasMoreThanItsData() throws Exception {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    byte[] deflated = EncodedImages.deflate(bytes(5, 6));
    Map<Integer, int[]> deflate = Map.of(259, new int[] {8});
    Map<Integer, int[]> runs = Map.of(259, new int[] {32773});

    assertThat(repairs(tiff(order, 2, 1, 1, 8, 1, deflated, deflate))).isEmpty();
    assertThat(repairs(tiff(order, 2, 1, 1, 8, 1, concat(deflated, bytes(0)), deflate)))
        .containsExactly(Repair.SURPLUS_IMAGE_DATA);
    assertThat(repairs(tiff(order, 2, 1, 1, 8, 1, bytes(1, 5, 6), runs))).isEmpty();
    for (byte[] rest : new byte[][] {bytes(3), bytes(-128), bytes(-3)}) {
      assertThat(repairs(tiff(order, 2, 1, 1, 8, 1, concat(bytes(1, 5, 6), rest), runs)))
          .containsExactly(Repair.SURPLUS_IMAGE_DATA);
    }
  }

  /** All pixels are there, but nobody knows whether they are the right ones. */
  @Test
  void shouldRefuseDeflatedDataWithoutItsChecksum() throws Exception {
    byte[] deflated = EncodedImages.deflate(bytes(5, 6));

    assertRefused(
        Reason.TRUNCATED,
        tiff(
            ByteOrder.LITTLE_ENDIAN,
            2,
            1,
            1,
            8,
            1,
            Arrays.copyOf(deflated, deflated.length - 4),
            Map.of(259, new int[] {8})));
  }

  private Set<Repair> repairs(byte[] file) throws Exception {
    return decoder.read(file, Interpretation.usual()).repairs();
  }

  @Test
  void shouldReadBmpsOfEveryDepth() throws Exception {
    for (int type :
        new int[] {
          BufferedImage.TYPE_3BYTE_BGR, BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_INT_RGB
        }) {
      int channels = type == BufferedImage.TYPE_BYTE_GRAY ? 1 : 3;
      PixelImage image = noise(channels, 13, 11, 3);
      assertThat(decoder.decode(EncodedImages.bmp(image))).isEqualTo(image);
    }
    assertThat(decoder.decode(bmp(2, 1, 32, 0, bytes(), bytes(), bytes(3, 2, 1, 0, 6, 5, 4, 99))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(1, 4, 2, 5, 3, 6)));
    assertThat(decoder.decode(bmp(2, 1, 16, 0, bytes(), bytes(), bytes(0xff, 0x7f, 0, 0x7c))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(255, 255, 255, 0, 255, 0)));
    byte[] masks = bytes(0, 0xf8, 0, 0, 0xe0, 0x07, 0, 0, 0x1f, 0, 0, 0);
    assertThat(decoder.decode(bmp(2, 1, 16, 3, masks, bytes(), bytes(0x1f, 0, 0xe0, 0x07))))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(0, 0, 0, 255, 255, 0)));
    byte[] palette = bytes(0, 0, 0, 0, 1, 2, 3, 0);
    assertThat(decoder.decode(bmp(3, 1, 1, 0, bytes(), palette, bytes(0b010_00000, 0, 0, 0))))
        .isEqualTo(new PixelImage(3, 1, 3, bytes(0, 3, 0, 0, 2, 0, 0, 1, 0)));
    // A negative height: the first row is the top one.
    assertThat(decoder.decode(bmp(1, -2, 24, 0, bytes(), bytes(), bytes(1, 1, 1, 0, 2, 2, 2, 0))))
        .isEqualTo(new PixelImage(3, 2, 1, bytes(1, 2, 1, 2, 1, 2)));
    assertThat(decoder.decode(bmp(1, 2, 24, 0, bytes(), bytes(), bytes(1, 1, 1, 0, 2, 2, 2, 0))))
        .isEqualTo(new PixelImage(3, 2, 1, bytes(2, 1, 2, 1, 2, 1)));
  }

  @Test
  void shouldRefuseBmpsThatAreCutCompressedOrTooLarge() {
    byte[] whole = EncodedImages.bmp(noise(3, 13, 11, 3));
    for (int length = 2; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatExceptionOfType(ImageRejectedException.class).isThrownBy(() -> decoder.decode(cut));
    }
    assertRefused(Reason.UNSUPPORTED, bmp(2, 1, 8, 1, bytes(), new byte[1024], bytes(2, 1, 0, 1)));
    assertRefused(Reason.TOO_LARGE, bmp(60000, 60000, 24, 0, bytes(), bytes(), bytes(1)));
    assertRefused(Reason.TRUNCATED, bmp(4000, 4000, 24, 0, bytes(), bytes(), bytes(1)));
    assertRefused(Reason.TOO_LARGE, bmp(5, Integer.MIN_VALUE, 24, 0, bytes(), bytes(), bytes(1)));
  }

  private void assertRefused(Reason reason, byte[] encoded) {
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> decoder.decode(encoded))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private static byte[] tiff(
      ByteOrder order, int width, int height, int samples, int bits, int colours, byte[] data) {
    return tiff(order, width, height, samples, bits, colours, data, Map.of());
  }

  /** A TIFF of one strip at byte 8, whose fields may be others; all of them are LONG. */
  private static byte[] tiff(
      ByteOrder order,
      int width,
      int height,
      int samples,
      int bits,
      int colours,
      byte[] data,
      Map<Integer, int[]> others) {
    Map<Integer, int[]> fields = new TreeMap<>();
    fields.put(256, new int[] {width});
    fields.put(257, new int[] {height});
    int[] all = new int[samples];
    Arrays.fill(all, bits);
    fields.put(258, all);
    fields.put(262, new int[] {colours});
    fields.put(273, new int[] {8});
    fields.put(277, new int[] {samples});
    fields.put(279, new int[] {data.length});
    fields.putAll(others);
    int directory = 8 + data.length;
    int free = directory + 6 + 12 * fields.size();
    int size = free + fields.values().stream().mapToInt(values -> 4 * values.length).sum();
    ByteBuffer out = ByteBuffer.allocate(size).order(order);
    out.put(order == ByteOrder.BIG_ENDIAN ? bytes('M', 'M') : bytes('I', 'I'));
    out.putShort((short) 42).putInt(directory).put(data).putShort((short) fields.size());
    for (Map.Entry<Integer, int[]> field : fields.entrySet()) {
      int[] values = field.getValue();
      out.putShort(field.getKey().shortValue()).putShort((short) 4).putInt(values.length);
      out.putInt(values.length == 1 ? values[0] : free);
      if (values.length > 1) {
        for (int value : values) {
          out.putInt(free, value);
          free += 4;
        }
      }
    }
    return out.array();
  }

  private static byte[] bmp(
      int width, int height, int bits, int compression, byte[] masks, byte[] palette, byte[] rows) {
    int offset = 54 + masks.length + palette.length;
    ByteBuffer header = ByteBuffer.allocate(54).order(ByteOrder.LITTLE_ENDIAN);
    header.put(bytes('B', 'M')).putInt(offset + rows.length).putInt(0).putInt(offset);
    header.putInt(40).putInt(width).putInt(height).putShort((short) 1).putShort((short) bits);
    header.putInt(compression).putInt(0).putInt(0).putInt(0).putInt(palette.length / 4).putInt(0);
    return concat(header.array(), masks, palette, rows);
  }
}
