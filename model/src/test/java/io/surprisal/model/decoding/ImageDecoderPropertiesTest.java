package io.surprisal.model.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.model.images.ImageRejectedException;
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
import net.jqwik.api.constraints.IntRange;

class ImageDecoderPropertiesTest {

  /** Bytes one decoding of a small image may allocate when its limits are 64×64 pixels. */
  private static final long ALLOCATION_LIMIT = 1 << 20;

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

  @Example
  void shouldRejectEveryTruncation() throws Exception {
    for (byte[] encoded : samples()) {
      decoder.decode(encoded);
      for (int length = 0; length < encoded.length; length++) {
        byte[] truncated = Arrays.copyOf(encoded, length);
        assertThatExceptionOfType(ImageRejectedException.class)
            .as("%d of %d bytes", length, encoded.length)
            .isThrownBy(() -> decoder.decode(truncated));
      }
    }
  }

  @Property(tries = 4000, seed = "3")
  void shouldAnswerDamageOnlyWithARejectionAndWithinTheLimits(
      @ForAll @IntRange(max = 4) int sample,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 8) int flips)
      throws Exception {
    byte[] damaged = samples()[sample].clone();
    Random random = new Random(seed);
    for (int i = 0; i < flips; i++) {
      damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
    }
    long before = ImageDecoderTest.allocatedBytes();
    try {
      PixelImage decoded = decoder.decode(damaged);
      assertThat(decoded.pixels().length).isLessThanOrEqualTo(3 * 4096);
    } catch (ImageRejectedException rejected) {
      assertThat(rejected.reason()).isNotNull();
    }
    assertThat(ImageDecoderTest.allocatedBytes() - before).isLessThan(ALLOCATION_LIMIT);
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

  /** Grey and colour PNG and JPEG, one progressive. */
  private static byte[][] samples() {
    PixelImage grey = ImageDecoderTest.gradient(1, 9, 11);
    PixelImage colour = ImageDecoderTest.gradient(3, 9, 11);
    return new byte[][] {
      EncodedImages.png(grey),
      EncodedImages.png(colour),
      EncodedImages.jpeg(grey, false),
      EncodedImages.jpeg(colour, false),
      EncodedImages.jpeg(colour, true)
    };
  }
}
