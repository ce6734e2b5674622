package io.surprisal.model.scoring;

import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.images.PixelImage;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Which noise and which times an image is evaluated with. Noise is counter-based, so a plan is a
 * pure function of the image or of its index.
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

  /** Noise keyed by the pixels, all images at the same times: an image's score is one number. */
  static NoisePlan fixedLevels(double levelOffset) {
    return new NoisePlan(OptionalLong.empty(), OptionalDouble.of(levelOffset));
  }

  /** Noise and times keyed by the pixels: an image's score is one number, without bias at any K. */
  static NoisePlan pixelLevels() {
    return new NoisePlan(OptionalLong.empty(), OptionalDouble.empty());
  }

  /** Noise and times drawn afresh, by seed and the image's index. */
  public static NoisePlan fresh(long seed) {
    return new NoisePlan(OptionalLong.of(seed), OptionalDouble.empty());
  }

  /** Noise drawn afresh, by seed and the image's index, at the same times for all. */
  static NoisePlan freshNoise(long seed, double levelOffset) {
    return new NoisePlan(OptionalLong.of(seed), OptionalDouble.of(levelOffset));
  }

  /** The noise of an image. */
  public CounterNoise noise(PixelImage image, long index) {
    return new CounterNoise(
        seed.isPresent()
            ? digest(ByteBuffer.allocate(16).putLong(seed.getAsLong()).putLong(index))
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
    return digest(
        ByteBuffer.allocate(12 + pixels.length)
            .putInt(image.channels())
            .putInt(image.height())
            .putInt(image.width())
            .put(pixels));
  }

  private static long digest(ByteBuffer bytes) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(bytes.flip());
      return ByteBuffer.wrap(sha256.digest()).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
