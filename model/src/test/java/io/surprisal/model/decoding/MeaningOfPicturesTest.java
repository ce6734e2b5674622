package io.surprisal.model.decoding;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.chunk;
import static io.surprisal.model.decoding.EncodedImages.concat;
import static io.surprisal.model.decoding.EncodedImages.deflate;
import static io.surprisal.model.decoding.EncodedImages.idat;
import static io.surprisal.model.decoding.EncodedImages.iend;
import static io.surprisal.model.decoding.EncodedImages.ihdr;
import static io.surprisal.model.decoding.EncodedImages.inserted;
import static io.surprisal.model.decoding.EncodedImages.noise;
import static io.surprisal.model.decoding.EncodedImages.pngOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures come out as they are meant, however their files write them down. */
class MeaningOfPicturesTest {
  private static final Interpretation AS_STORED =
      Interpretation.usual().with(Interpretation.Orientation.AS_STORED);

  private final ImageDecoder decoder = new ImageDecoder(DecodingLimits.defaults());

  /** Expected: the samples of the stored 1 2 3 / 4 5 6 as Exif's figures of the letter F say. */
  @ParameterizedTest
  @CsvSource({
    "0, 3, '1,2,3,4,5,6'",
    "1, 3, '1,2,3,4,5,6'",
    "2, 3, '3,2,1,6,5,4'",
    "3, 3, '6,5,4,3,2,1'",
    "4, 3, '4,5,6,1,2,3'",
    "5, 2, '1,4,2,5,3,6'",
    "6, 2, '4,1,5,2,6,3'",
    "7, 2, '6,3,5,2,4,1'",
    "8, 2, '3,6,2,5,1,4'",
    "9, 3, '1,2,3,4,5,6'"
  })
  void shouldTurnAPictureAsItsTagSays(int tag, int width, String expected) throws Exception {
    PixelImage upright =
        new PixelImage(
            1,
            6 / width,
            width,
            bytes(Arrays.stream(expected.split(",")).mapToInt(Integer::parseInt).toArray()));
    byte[] png =
        pngOf(
            ihdr(3, 2, 8, EncodedImages.GREY, 0),
            chunk("eXIf", exif(tag)),
            idat(0, 1, 2, 3, 0, 4, 5, 6),
            iend());
    assertThat(decoder.decode(png)).isEqualTo(upright);
    assertThat(decoder.size(png, Interpretation.usual()))
        .isEqualTo(new PictureSize(6 / width, width));
    assertThat(decoder.read(png, AS_STORED).pixels())
        .isEqualTo(new PixelImage(1, 2, 3, bytes(1, 2, 3, 4, 5, 6)));
    assertThat(decoder.size(png, AS_STORED)).isEqualTo(new PictureSize(2, 3));
  }

  @Test
  void shouldTurnAColourJpegAndTakeEitherStatedSize() throws Exception {
    byte[] plain = EncodedImages.jpeg(noise(3, 16, 24, 1), false);
    byte[] body = concat("Exif\0\0".getBytes(StandardCharsets.US_ASCII), exif(6));
    byte[] turned = inserted(plain, 2, concat(bytes(0xff, 0xe1, 0, body.length + 2), body));
    PixelImage stored = decoder.decode(plain);
    PixelImage upright = decoder.decode(turned);
    assertThat(upright.height()).isEqualTo(24);
    for (int channel = 0; channel < 3; channel++) {
      assertThat(upright.pixels()[channel * 384 + 15]).isEqualTo(stored.pixels()[channel * 384]);
    }
    assertThat(decoder.decode(ImageFormat.JPEG, 24, 16, turned)).isEqualTo(upright);
    assertThat(decoder.decode(ImageFormat.JPEG, 16, 24, turned)).isEqualTo(upright);
    assertThat(decoder.read(turned, Interpretation.usual()).repairs()).isEmpty();
  }

  @Test
  void shouldShowTheBackgroundThroughWhatIsTransparent() throws Exception {
    byte[] png =
        pngOf(
            ihdr(3, 1, 8, EncodedImages.RGB_ALPHA, 0),
            idat(0, 10, 20, 30, 255, 10, 20, 30, 0, 100, 0, 200, 51),
            iend());
    assertThat(decoder.decode(png))
        .isEqualTo(new PixelImage(3, 1, 3, bytes(10, 255, 224, 20, 255, 204, 30, 255, 244)));
    assertThat(decoder.read(png, Interpretation.usual().withBackground("#ff8000")).pixels())
        .isEqualTo(new PixelImage(3, 1, 3, bytes(10, 255, 224, 20, 128, 102, 30, 0, 40)));
    assertThat(decoder.read(png, Interpretation.usual()).repairs())
        .containsExactly(Repair.TRANSLUCENT);
  }

  @ParameterizedTest
  @CsvSource({"255, false", "254, false", "250, false", "249, true", "0, true"})
  void shouldSayThatAPictureIsTranslucentOnlyIfThatShows(int alpha, boolean said) throws Exception {
    byte[] grey = pngOf(ihdr(1, 1, 8, EncodedImages.GREY_ALPHA, 0), idat(0, 50, alpha), iend());
    assertThat(decoder.read(grey, Interpretation.usual()).repairs().isEmpty()).isEqualTo(!said);
    byte[] palette =
        pngOf(
            ihdr(1, 1, 8, EncodedImages.PALETTE, 0),
            chunk("PLTE", bytes(1, 2, 3)),
            chunk("tRNS", bytes(alpha)),
            idat(0, 0),
            iend());
    assertThat(decoder.read(palette, Interpretation.usual()).repairs().isEmpty()).isEqualTo(!said);
  }

  @Test
  void shouldTakeTheColourThatAFileCallsTransparentForBackground() throws Exception {
    byte[] grey =
        pngOf(
            ihdr(2, 1, 8, EncodedImages.GREY, 0),
            chunk("tRNS", bytes(0, 7)),
            idat(0, 7, 8),
            iend());
    assertThat(decoder.decode(grey)).isEqualTo(new PixelImage(1, 1, 2, bytes(255, 8)));
  }

  @Test
  void shouldMapSixteenBitsByTheLevelsOfTheRelease() throws Exception {
    byte[] grey =
        pngOf(
            ihdr(4, 1, 16, EncodedImages.GREY, 0),
            idat(0, 0, 0, 0x03, 0xe8, 0x0f, 0xff, 0xff, 0xff),
            iend());
    assertThat(decoder.decode(grey)).isEqualTo(new PixelImage(1, 1, 4, bytes(0, 4, 16, 255)));
    assertThat(
            decoder
                .read(grey, Interpretation.usual().with(new Interpretation.Levels(1000, 4095)))
                .pixels())
        .isEqualTo(new PixelImage(1, 1, 4, bytes(0, 0, 255, 255)));
    byte[] colour =
        pngOf(
            ihdr(1, 1, 16, EncodedImages.RGB_ALPHA, 0),
            idat(0, 0x40, 0, 0x80, 0, 0xff, 0xff, 0xff, 0xff),
            iend());
    assertThat(decoder.decode(colour)).isEqualTo(new PixelImage(3, 1, 1, bytes(64, 128, 255)));
    assertThatIllegalArgumentException().isThrownBy(() -> new Interpretation.Levels(5, 5));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Interpretation.usual().withBackground("white"));
  }

  @Test
  void shouldRefuseMoreBitsThanTheMemoryIsFor() {
    byte[] png =
        pngOf(ihdr(8192, 4096, 16, EncodedImages.RGB, 0), chunk("IDAT", deflate(bytes(0))), iend());
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> decoder.decode(png))
        .withMessageContaining("of 48 bits");
  }

  /** 255 − C etc. as Adobe stores it; flat, so that the JPEG is exact. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldTurnInkIntoLight(boolean adobe) throws Exception {
    int[] ink = {40, 200, 128, 64};
    byte[] jpeg = cmyk(ink, adobe);
    int flip = adobe ? 0 : 255;
    byte[] expected = new byte[3];
    for (int i = 0; i < 3; i++) {
      expected[i] = (byte) (((ink[i] ^ flip) * (ink[3] ^ flip) + 127) / 255);
    }
    PixelImage read = decoder.decode(jpeg);
    assertThat(read.channels()).isEqualTo(3);
    for (int i = 0; i < read.pixels().length; i++) {
      assertThat(read.pixels()[i]).isEqualTo(expected[i / 64]);
    }
  }

  /** Ink 0 and half black everywhere: the first three components are YCbCr of white. */
  @Test
  void shouldTurnInkThatIsWrittenAsLumaAndChromaIntoLight() throws Exception {
    byte[] cmyk = cmyk(new int[] {255, 128, 128, 100}, true);
    int adobe = ImageDecoderTest.find(cmyk, 0xee);
    byte[] ycck = cmyk.clone();
    ycck[adobe + 15] = 2;
    // Adobe's inverted ink: Y 255 is CMY 0 of libjpeg's conversion, which inverts once more.
    PixelImage read = decoder.decode(ycck);
    assertThat(read.pixels()).containsOnly(0);
    ycck = cmyk(new int[] {0, 128, 128, 100}, true);
    ycck[adobe + 15] = 2;
    assertThat(decoder.decode(ycck).pixels()).containsOnly(100);
  }

  @Test
  void shouldNameWhatItDoesNotRead() {
    List<String> names =
        List.of(
            "GIF", "GIF89a..........",
            "WebP", "RIFF\1\2\3\4WEBPVP8 ",
            "HEIC", "\0\0\0\30ftypheic\0\0\0\0",
            "AVIF", "\0\0\0\30ftypavif\0\0\0\0",
            "JPEG 2000", "\0\0\0\14jP  \r\n\u0087\n",
            "JPEG XL", "\u00ff\n\1\2\3\4",
            "FITS", "SIMPLE  =                    T",
            "DICOM", "\0".repeat(128) + "DICM",
            "SVG", "<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'>",
            "SVG", "<svg width='1'/>",
            "HTML", "<!DOCTYPE html><html><body>404 not found, nothing to see here at all",
            "base64", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA",
            "base64", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42",
            "base64", "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEB",
            "multipart", "--frame\r\nContent-Type: image/jpeg\r\n\r\n\u00ff\u00d8\u00ff\u00e0",
            "JSON", "{\"image\": \"iVBORw0KGgo\"}",
            "JPEG-LS", "\u00ff\u00d8\u00ff\u00f7\0\13\10\0\10\0\10\1\1\21\0");
    for (int i = 0; i < names.size(); i += 2) {
      byte[] file = names.get(i + 1).getBytes(StandardCharsets.ISO_8859_1);
      assertThatExceptionOfType(ImageRejectedException.class)
          .isThrownBy(() -> decoder.decode(file))
          .withMessageContaining(names.get(i))
          .satisfies(
              e -> assertThat(e.reason()).isEqualTo(ImageRejectedException.Reason.UNSUPPORTED));
    }
  }

  /** A TIFF's header and a directory of one entry, little-endian. */
  private static byte[] exif(int orientation) {
    return bytes(
        'I',
        'I',
        42,
        0,
        8,
        0,
        0,
        0,
        1,
        0,
        0x12,
        1,
        3,
        0,
        1,
        0,
        0,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
        0);
  }

  /** An 8×8 JPEG of four flat components. */
  private static byte[] cmyk(int[] levels, boolean adobe) throws IOException {
    WritableRaster raster = Raster.createInterleavedRaster(0, 8, 8, 4, null);
    for (int band = 0; band < 4; band++) {
      int[] flat = new int[64];
      Arrays.fill(flat, levels[band]);
      raster.setSamples(0, 0, 8, 8, band, flat);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(raster, null, null), null);
    } finally {
      writer.dispose();
    }
    byte[] jpeg = out.toByteArray();
    byte[] marker = bytes(0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0);
    return adobe ? inserted(jpeg, 2, marker) : jpeg;
  }
}
