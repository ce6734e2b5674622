package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.chunk;
import static io.surprisal.model.decoding.EncodedImages.concat;
import static io.surprisal.model.decoding.EncodedImages.deflate;
import static io.surprisal.model.decoding.EncodedImages.idat;
import static io.surprisal.model.decoding.EncodedImages.iend;
import static io.surprisal.model.decoding.EncodedImages.ihdr;
import static io.surprisal.model.decoding.EncodedImages.jpeg;
import static io.surprisal.model.decoding.EncodedImages.png;
import static io.surprisal.model.decoding.EncodedImages.pngOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import io.surprisal.model.images.PixelImage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class ImageDecoderTest {

  private static final PixelImage GREY_2X2 = new PixelImage(1, 2, 2, bytes(0, 85, 170, 255));

  private final ImageDecoder decoder = new ImageDecoder(DecodingLimits.defaults());

  @Test
  void shouldReadRawGreyAndRgbInChannelMajorOrder() throws Exception {
    assertThat(decoder.decode(ImageFormat.GRAY8, 2, 2, bytes(0, 85, 170, 255))).isEqualTo(GREY_2X2);
    assertThat(decoder.decode(ImageFormat.RGB8, 2, 1, bytes(1, 2, 3, 4, 5, 6)))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(1, 4, 2, 5, 3, 6)));
  }

  @ParameterizedTest
  @CsvSource({
    "GRAY8, 2, 2, 3, HEADER_MISMATCH",
    "GRAY8, 2, 2, 5, HEADER_MISMATCH",
    "RGB8, 2, 2, 4, HEADER_MISMATCH",
    "GRAY8, 0, 2, 0, ZERO_SIZE",
    "GRAY8, -1, 2, 2, ZERO_SIZE",
    "GRAY8, 65536, 65536, 0, TOO_LARGE",
    "GRAY8, 2147483647, 2147483647, 1, TOO_LARGE",
    "PNG, 2, 2, 0, NOT_AN_IMAGE",
    "JPEG, 2, 2, 100, NOT_AN_IMAGE"
  })
  void shouldRejectABodyThatIsNotWhatWasStated(
      ImageFormat format, int width, int height, int length, Reason reason) {
    assertRejected(reason, () -> decoder.decode(format, width, height, new byte[length]));
  }

  @Test
  void shouldHoldAStatedFormatAndSizeAgainstTheBody() throws Exception {
    byte[] png = png(new PixelImage(1, 1, 2, bytes(7, 9)));
    assertThat(decoder.decode(ImageFormat.PNG, 2, 1, png).pixels()).containsExactly(7, 9);
    assertThat(decoder.decode(ImageFormat.PNG, 0, 0, png).pixels()).containsExactly(7, 9);
    assertRejected(Reason.HEADER_MISMATCH, () -> decoder.decode(ImageFormat.PNG, 1, 2, png));
    assertRejected(Reason.HEADER_MISMATCH, () -> decoder.decode(ImageFormat.PNG, 0, 2, png));
    assertRejected(Reason.HEADER_MISMATCH, () -> decoder.decode(ImageFormat.JPEG, 2, 1, png));
  }

  @ParameterizedTest
  @CsvSource({"1, 0x1B, '0,0,0,255,255,0,255,255'", "2, 0x1B, '0,85,170,255'", "4, 0x1B, '17,187'"})
  void shouldExpandGreyOfFewBits(int depth, int packed, String expected) throws Exception {
    int width = 8 / depth;
    assertThat(
            decoder.decode(
                pngOf(ihdr(width, 1, depth, EncodedImages.GREY, 0), idat(0, packed), iend())))
        .isEqualTo(
            new PixelImage(
                1,
                1,
                width,
                bytes(Arrays.stream(expected.split(",")).mapToInt(Integer::parseInt).toArray())));
  }

  @Test
  void shouldExpandAPaletteToRgbOrToGreyIfAllItsColoursAre() throws Exception {
    byte[] header = ihdr(4, 1, 2, EncodedImages.PALETTE, 0);
    byte[] colours = chunk("PLTE", bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    byte[] greys = chunk("PLTE", bytes(9, 9, 9, 4, 4, 4, 200, 200, 200));
    assertThat(decoder.decode(pngOf(header, colours, idat(0, 0b11_10_01_00), iend())))
        .isEqualTo(new PixelImage(3, 1, 4, bytes(10, 7, 4, 1, 11, 8, 5, 2, 12, 9, 6, 3)));
    assertThat(decoder.decode(pngOf(header, greys, idat(0, 0b00_01_10_01), iend())))
        .isEqualTo(new PixelImage(1, 1, 4, bytes(9, 4, 200, 4)));
  }

  @Test
  void shouldDropAnAlphaChannelOfOpaquePixels() throws Exception {
    byte[] greyAlpha = ihdr(2, 1, 8, EncodedImages.GREY_ALPHA, 0);
    byte[] rgbAlpha = ihdr(1, 1, 8, EncodedImages.RGB_ALPHA, 0);
    assertThat(decoder.decode(pngOf(greyAlpha, idat(0, 50, 255, 60, 255), iend())))
        .isEqualTo(new PixelImage(1, 1, 2, bytes(50, 60)));
    assertThat(decoder.decode(pngOf(rgbAlpha, idat(0, 50, 60, 70, 255), iend())))
        .isEqualTo(new PixelImage(3, 1, 1, bytes(50, 60, 70)));
  }

  @Test
  void shouldReadAnInterlacedPng() throws Exception {
    // 3×3, passes 1, 4, 5, 6 and 7 of Adam7 have pixels: (0,0); (2,0); (0,2),(2,2); (1,0),(1,2);
    // row 1.
    byte[] png =
        pngOf(
            ihdr(3, 3, 8, EncodedImages.GREY, 1),
            idat(0, 10, 0, 12, 0, 30, 32, 0, 11, 0, 31, 0, 20, 21, 22),
            iend());
    assertThat(decoder.decode(png))
        .isEqualTo(new PixelImage(1, 3, 3, bytes(10, 11, 12, 20, 21, 22, 30, 31, 32)));
  }

  @Test
  void shouldRejectAPngThatClaimsSixtyThousandPixelsASideWithoutAllocatingThem() {
    byte[] bomb =
        pngOf(
            ihdr(60_000, 60_000, 8, EncodedImages.RGB, 0),
            chunk("IDAT", deflate(new byte[1 << 20])),
            iend());
    long before = allocatedBytes();
    assertRejected(Reason.TOO_LARGE, () -> decoder.decode(bomb));
    assertThat(allocatedBytes() - before).isLessThan(1 << 20);
  }

  @ParameterizedTest
  @CsvSource({"0, 1, ZERO_SIZE", "1, 0, ZERO_SIZE", "-1, 1, TOO_LARGE", "8193, 1, TOO_LARGE"})
  void shouldRejectAPngWhoseSizeIsOutOfLimits(int width, int height, Reason reason) {
    byte[] png = pngOf(ihdr(width, height, 8, EncodedImages.GREY, 0), idat(0, 0), iend());
    assertRejected(reason, () -> decoder.decode(png));
  }

  @ParameterizedTest
  @ValueSource(strings = {"zTXt", "iCCP", "iTXt"})
  void shouldNotInflateTextOrProfiles(String type) throws Exception {
    byte[] prefix = "name\0\0".getBytes(StandardCharsets.US_ASCII);
    byte[] bomb =
        pngOf(
            ihdr(2, 2, 8, EncodedImages.GREY, 0),
            chunk(type, concat(prefix, deflate(new byte[64 << 20]))),
            idat(0, 0, 85, 0, 170, 255),
            iend());
    decoder.decode(png(GREY_2X2)); // loads the classes
    long before = allocatedBytes();
    assertThat(decoder.decode(bomb)).isEqualTo(GREY_2X2);
    assertThat(allocatedBytes() - before).isLessThan(1 << 20);
  }

  @Test
  void shouldRejectImageDataThatInflatesToMoreThanTheImage() {
    byte[] bomb =
        pngOf(
            ihdr(2, 2, 8, EncodedImages.GREY, 0),
            chunk("IDAT", deflate(new byte[64 << 20])),
            iend());
    assertRejected(Reason.MALFORMED, () -> decoder.decode(bomb));
  }

  @Test
  void shouldRejectImageDataThatEndsBeforeTheLastRow() {
    byte[] short3 = pngOf(ihdr(2, 2, 8, EncodedImages.GREY, 0), idat(0, 0, 85), iend());
    assertRejected(Reason.MALFORMED, () -> decoder.decode(short3));
    byte[] none = pngOf(ihdr(2, 2, 8, EncodedImages.GREY, 0), iend());
    assertRejected(Reason.TRUNCATED, () -> decoder.decode(none));
  }

  @Test
  void shouldRejectPngsThatAreDamagedOrOfAnotherKind() {
    byte[] grey = ihdr(2, 1, 8, EncodedImages.GREY, 0);
    byte[] row = idat(0, 1, 2);
    byte[] wrongChecksum = row.clone();
    wrongChecksum[row.length - 1] ^= 1;
    assertRejected(Reason.MALFORMED, () -> decoder.decode(pngOf(grey, wrongChecksum, iend())));
    assertRejected(Reason.MALFORMED, () -> decoder.decode(pngOf(row, iend())));
    assertRejected(Reason.MALFORMED, () -> decoder.decode(pngOf(grey, grey, row, iend())));
    assertRejected(Reason.TRUNCATED, () -> decoder.decode(pngOf(grey)));
    assertRejected(
        Reason.UNSUPPORTED,
        () -> decoder.decode(pngOf(grey, chunk("CRIT", new byte[3]), row, iend())));
    assertRejected(
        Reason.MALFORMED,
        () -> decoder.decode(pngOf(ihdr(1, 1, 4, EncodedImages.RGB, 0), idat(0, 1), iend())));
  }

  @Test
  void shouldIgnoreBytesAfterTheEndOfTheImage() throws Exception {
    byte[] trailer = new byte[] {1, 2, 3};
    assertThat(decoder.decode(concat(png(GREY_2X2), trailer))).isEqualTo(GREY_2X2);
    byte[] jpeg = jpeg(gradient(1, 16, 16), false);
    assertThat(decoder.decode(concat(jpeg, trailer))).isEqualTo(decoder.decode(jpeg));
  }

  @ParameterizedTest
  @CsvSource({"1, false", "1, true", "3, false", "3, true"})
  void shouldReadBaselineAndProgressiveJpegs(int channels, boolean progressive) throws Exception {
    PixelImage image = gradient(channels, 24, 17);
    PixelImage decoded = decoder.decode(jpeg(image, progressive));
    assertThat(decoded.channels()).isEqualTo(channels);
    assertThat(decoded.height()).isEqualTo(24);
    assertThat(decoded.width()).isEqualTo(17);
    for (int i = 0; i < image.pixels().length; i++) {
      assertThat(decoded.pixels()[i] & 0xff)
          .isCloseTo(image.pixels()[i] & 0xff, within(channels == 1 ? 8 : 24));
    }
  }

  @Test
  void shouldReadTheColoursOfAJpegWithoutMarkerAsYcbcr() throws Exception {
    byte[] jpeg = jpeg(gradient(3, 16, 16), false);
    assertThat(new String(jpeg, 6, 4, StandardCharsets.US_ASCII)).isEqualTo("JFIF");
    byte[] withoutJfif = concat(bytes(0xff, 0xd8), Arrays.copyOfRange(jpeg, 20, jpeg.length));
    assertThat(decoder.decode(withoutJfif)).isEqualTo(decoder.decode(jpeg));
  }

  @Test
  void shouldRejectAJpegOfMoreScansThanTheLimit() {
    byte[] jpeg = jpeg(gradient(1, 16, 16), false);
    int scan = find(jpeg, 0xda);
    byte[] oneScan = Arrays.copyOfRange(jpeg, scan, jpeg.length - 2);
    byte[] endless = Arrays.copyOf(jpeg, jpeg.length - 2);
    for (int i = 0; i < 32; i++) {
      endless = concat(endless, oneScan);
    }
    byte[] bomb = concat(endless, bytes(0xff, 0xd9));
    assertRejected(Reason.TOO_MANY_SCANS, () -> decoder.decode(bomb));
  }

  @Test
  void shouldRejectJpegsFromTheirFrameHeader() {
    byte[] jpeg = jpeg(gradient(3, 16, 16), false);
    int frame = find(jpeg, 0xc0);
    assertRejected(Reason.TOO_LARGE, () -> decoder.decode(with(jpeg, frame + 5, 0xff)));
    assertRejected(Reason.TOO_LARGE, () -> decoder.decode(with(jpeg, frame + 7, 0xff)));
    assertRejected(Reason.ZERO_SIZE, () -> decoder.decode(with(jpeg, frame + 6, 0)));
    assertRejected(Reason.UNSUPPORTED, () -> decoder.decode(with(jpeg, frame + 4, 12)));
    assertRejected(Reason.UNSUPPORTED, () -> decoder.decode(with(jpeg, frame + 1, 0xc3)));
    assertRejected(Reason.UNSUPPORTED, () -> decoder.decode(with(jpeg, frame + 1, 0xc9)));
    assertRejected(Reason.MALFORMED, () -> decoder.decode(with(jpeg, frame + 9, 4)));
  }

  @Test
  void shouldRejectAJpegWhoseScanStopsShortOfItsEndMarker() {
    byte[] jpeg = jpeg(EncodedImages.noise(1, 16, 16, 5), false);
    byte[] gap = concat(Arrays.copyOf(jpeg, find(jpeg, 0xda) + 40), bytes(0xff, 0xd9));
    assertRejected(Reason.TRUNCATED, () -> decoder.decode(gap));
  }

  public static PixelImage gradient(int channels, int height, int width) {
    byte[] pixels = new byte[channels * height * width];
    for (int i = 0; i < pixels.length; i++) {
      int at = i % (height * width);
      pixels[i] = (byte) (40 + 3 * (at % width) + 4 * (at / width) + 20 * (i / (height * width)));
    }
    return new PixelImage(channels, height, width, pixels);
  }

  static int find(byte[] jpeg, int marker) {
    int at = 0;
    while (jpeg[at] != (byte) 0xff || jpeg[at + 1] != (byte) marker) {
      at++;
    }
    return at;
  }

  private static byte[] with(byte[] encoded, int at, int value) {
    byte[] changed = encoded.clone();
    changed[at] = (byte) value;
    return changed;
  }

  public static long allocatedBytes() {
    return ((com.sun.management.ThreadMXBean)
            java.lang.management.ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  private static void assertRejected(Reason reason, ThrowingCallable decoding) {
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(decoding)
        .satisfies(rejected -> assertThat(rejected.reason()).isEqualTo(reason));
  }
}
