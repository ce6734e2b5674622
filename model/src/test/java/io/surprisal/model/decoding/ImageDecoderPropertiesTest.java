package io.surprisal.model.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageInputStream;
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

  @Property(tries = 10_000, seed = "3")
  void shouldAnswerDamageOnlyWithARejectionAndWithinTheLimits(
      @ForAll @IntRange(max = SAMPLES - 1) int sample,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 8) int changes)
      throws Exception {
    byte[] damaged = mutated(SAMPLE.get(sample), new Random(seed), changes);
    long before = ImageDecoderTest.allocatedBytes();
    Optional<DecodedImage> unremarked = Optional.empty();
    try {
      DecodedImage read = decoder.read(damaged, Interpretation.usual());
      assertThat(read.pixels().pixels().length).isLessThanOrEqualTo(3 * 4096);
      unremarked = Optional.of(read).filter(image -> image.repairs().isEmpty());
    } catch (ImageRejectedException rejected) {
      assertThat(rejected.reason()).isNotNull();
    }
    assertThat(ImageDecoderTest.allocatedBytes() - before).isLessThan(ALLOCATION_LIMIT);
    if (unremarked.isPresent()) {
      Optional<PixelImage> plain = plainly(damaged);
      if (plain.isPresent()) {
        assertThat(unremarked.get().pixels()).isEqualTo(plain.get());
      }
    }
  }

  /** What the JDK's reader makes of a file that no guard has seen; empty: nothing, or no bytes. */
  private static Optional<PixelImage> plainly(byte[] encoded) {
    try {
      BufferedImage image =
          ImageIO.read(new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded)));
      int bands = image == null ? 0 : image.getRaster().getNumBands();
      if ((bands != 1 && bands != 3)
          || image.getColorModel() instanceof IndexColorModel
          || image.getColorModel().getComponentSize(0) != 8) {
        return Optional.empty();
      }
      byte[] interleaved = new byte[bands * image.getWidth() * image.getHeight()];
      int[] samples =
          image.getRaster().getPixels(0, 0, image.getWidth(), image.getHeight(), (int[]) null);
      for (int i = 0; i < samples.length; i++) {
        interleaved[i] = (byte) samples[i];
      }
      return Optional.of(
          PixelImage.ofInterleaved(bands, image.getHeight(), image.getWidth(), interleaved));
    } catch (IOException | RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Some of: bits turned, bytes lost, put in or set to zero, the end cut off. */
  private static byte[] mutated(byte[] whole, Random random, int changes) {
    byte[] damaged = whole.clone();
    for (int i = 0; i < changes && damaged.length > 4; i++) {
      int at = random.nextInt(damaged.length);
      int count = 1 + random.nextInt(Math.min(16, damaged.length - at));
      switch (random.nextInt(8)) {
        case 0 -> damaged = EncodedImages.without(damaged, at, count);
        case 1 -> {
          byte[] surplus = new byte[count];
          random.nextBytes(surplus);
          damaged = EncodedImages.inserted(damaged, at, surplus);
        }
        case 2 -> Arrays.fill(damaged, at, at + count, (byte) 0);
        case 3 -> damaged = Arrays.copyOf(damaged, at);
        default -> damaged[at] ^= (byte) (1 << random.nextInt(8));
      }
    }
    return damaged;
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

  private static final int SAMPLES = 12;

  /** Grey and colour of each format, with and without what makes it harder to read. */
  private static final List<byte[]> SAMPLE =
      List.of(
          EncodedImages.png(ImageDecoderTest.gradient(1, 9, 11)),
          EncodedImages.png(ImageDecoderTest.gradient(3, 9, 11)),
          EncodedImages.jpeg(ImageDecoderTest.gradient(1, 9, 11), false),
          EncodedImages.jpeg(ImageDecoderTest.gradient(3, 9, 11), false),
          EncodedImages.jpeg(ImageDecoderTest.gradient(3, 9, 11), true),
          EncodedImages.jpegWithRestarts(ImageDecoderTest.gradient(3, 20, 40), 1),
          EncodedImages.tiff(tiffSample(1), ""),
          EncodedImages.tiff(tiffSample(3), "LZW"),
          EncodedImages.tiff(tiffSample(3), "Deflate"),
          EncodedImages.tiff(tiffSample(1), "PackBits"),
          EncodedImages.bmp(ImageDecoderTest.gradient(1, 9, 11)),
          EncodedImages.bmp(ImageDecoderTest.gradient(3, 9, 11)));

  private static BufferedImage tiffSample(int channels) {
    return EncodedImages.buffered(ImageDecoderTest.gradient(channels, 9, 11));
  }

  private static byte[][] samples() {
    return SAMPLE.subList(0, 5).toArray(byte[][]::new);
  }
}
