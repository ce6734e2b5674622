package io.surprisal.model.scoring;

import io.surprisal.model.checks.Sha256;
import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.images.PixelImage;
import java.nio.ByteBuffer;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Which noise and which times an image is evaluated with. Noise is counter-based, so a plan is a
 * pure function of the image or of its index. The times lie where the noise says, which has no bias
 * at any K, unless {@link #atOffset} gives all images the same.
 */
public final class NoisePlan {
  /** Stream of ε₀ in the reconstruction term; evaluations use the streams 0 to K − 1. */
  static final long RECONSTRUCTION_STREAM = -1;

  private static final long OFFSET_STREAM = -2;

  private final OptionalLong seed;
  private final OptionalDouble levelOffset;

  private NoisePlan(OptionalLong seed, OptionalDouble levelOffset) {
    this.seed = seed;
    this.levelOffset = levelOffset;
  }

  /** Noise and times keyed by the pixels: an image's score is one number. */
  public static NoisePlan keyedByPixels() {
    return new NoisePlan(OptionalLong.empty(), OptionalDouble.empty());
  }

  /** Noise and times drawn afresh, by seed and the image's index. */
  public static NoisePlan fresh(long seed) {
    return new NoisePlan(OptionalLong.of(seed), OptionalDouble.empty());
  }

  /**
   * This noise at the same times for all images.
   *
   * @param levelOffset u in [0, 1) of the times t_i = (u + i/K) mod 1
   */
  public NoisePlan atOffset(double levelOffset) {
    return new NoisePlan(seed, OptionalDouble.of(levelOffset));
  }

  /** The noise of an image. */
  public CounterNoise noise(PixelImage image, long index) {
    return new CounterNoise(
        seed.isPresent()
            ? Sha256.first64Bits(
                ByteBuffer.allocate(16).putLong(seed.getAsLong()).putLong(index).array())
            : pixelKey(image));
  }

  /** The offset u of an image's times, in [0, 1). */
  double offset(CounterNoise noise) {
    return levelOffset.orElseGet(() -> noise.uniform(OFFSET_STREAM));
  }

  /** The offset that all images share, where they do. */
  OptionalDouble fixedOffset() {
    return levelOffset;
  }

  private static long pixelKey(PixelImage image) {
    byte[] pixels = image.pixels();
    return Sha256.first64Bits(
        ByteBuffer.allocate(12 + pixels.length)
            .putInt(image.channels())
            .putInt(image.height())
            .putInt(image.width())
            .put(pixels)
            .array());
  }
}
