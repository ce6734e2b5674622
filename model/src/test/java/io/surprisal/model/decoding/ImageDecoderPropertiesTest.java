package io.surprisal.model.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ImageDecoderPropertiesTest {

  private final ImageDecoder decoder = new ImageDecoder(new DecodingLimits(64, 4096, 32));

  @Property(tries = 300, seed = "1")
  void shouldReadBackWhatAPngWriterWrote(@ForAll("images") PixelImage image) throws Exception {
    assertThat(decoder.decode(EncodedImages.png(image))).isEqualTo(image);
    assertThat(
            decoder.decode(
                ImageFormat.PNG, image.width(), image.height(), EncodedImages.png(image)))
        .isEqualTo(image);
  }

  @Property(tries = 200, seed = "2")
  void shouldReadBackRawSamples(@ForAll("images") PixelImage image) throws Exception {
    ImageFormat format = image.channels() == 1 ? ImageFormat.GRAY8 : ImageFormat.RGB8;
    assertThat(decoder.decode(format, image.width(), image.height(), image.interleaved()))
        .isEqualTo(image);
  }

  /** What is missing at the end is refused, but for an end marker behind a whole picture. */
  @Example
  void shouldRejectEveryTruncationOfThePicture() throws Exception {
    for (byte[] encoded : samples()) {
      PixelImage whole = decoder.decode(encoded);
      int repaired = 0;
      for (int length = 0; length < encoded.length; length++) {
        try {
          DecodedImage read = decoder.read(Arrays.copyOf(encoded, length), Interpretation.usual());
          assertThat(read.pixels()).as("%d of %d", length, encoded.length).isEqualTo(whole);
          assertThat(read.repairs()).containsExactly(Repair.NO_END_MARKER);
          repaired++;
        } catch (ImageRejectedException e) {
          assertThat(repaired).as("%d of %d", length, encoded.length).isZero();
        }
      }
      assertThat(repaired).isLessThanOrEqualTo(12); // the last chunk of a PNG
    }
  }

  @Property(tries = 1000, seed = "4")
  void shouldAnswerGarbageBehindASignatureOnlyWithARejection(
      @ForAll boolean png, @ForAll byte[] garbage) {
    byte[] signature =
        png ? EncodedImages.pngOf() : EncodedImages.bytes(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 8);
    assertThatExceptionOfType(ImageRejectedException.class)
        .isThrownBy(() -> decoder.decode(EncodedImages.concat(signature, garbage)));
  }

  @Provide
  Arbitrary<PixelImage> images() {
    return Combinators.combine(
            Arbitraries.of(1, 3),
            Arbitraries.integers().between(1, 20),
            Arbitraries.integers().between(1, 20),
            Arbitraries.longs())
        .as(
            (channels, height, width, seed) -> {
              byte[] pixels = new byte[channels * height * width];
              new Random(seed).nextBytes(pixels);
              return new PixelImage(channels, height, width, pixels);
            });
  }

  private static byte[][] samples() {
    return new byte[][] {
      EncodedImages.png(ImageDecoderTest.gradient(1, 9, 11)),
      EncodedImages.png(ImageDecoderTest.gradient(3, 9, 11)),
      EncodedImages.jpeg(ImageDecoderTest.gradient(1, 9, 11), false),
      EncodedImages.jpeg(ImageDecoderTest.gradient(3, 9, 11), false),
      EncodedImages.jpeg(ImageDecoderTest.gradient(3, 9, 11), true)
    };
  }
}
