package io.surprisal.model.network;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;

/**
 * Everything that fixes the shapes and constants of one Variational Diffusion Model.
 *
 * @param channels image channels, 1 or 3
 * @param height image height in pixels
 * @param width image width in pixels
 * @param embedding E, the width of every hidden layer; even, at least 4, a multiple of {@code
 *     groups}
 * @param blocks n, the number of blocks on the way down (n + 1 on the way up)
 * @param groups groups of every group normalisation
 * @param normEpsilon ε of every group normalisation
 * @param fourierExponents exponents n of the Fourier features sin and cos of 2ⁿ·2π·z; empty for
 *     none
 * @param dropout probability of a hidden unit being dropped in training, in [0, 1)
 * @param gammaMin initial γ(0), and the value that the time embedding takes as 0
 * @param gammaMax initial γ(1), and the value that the time embedding takes as 1
 * @param schedule the noise schedule
 */
public record ModelConfiguration(
    int channels,
    int height,
    int width,
    int embedding,
    int blocks,
    int groups,
    double normEpsilon,
    List<Integer> fourierExponents,
    double dropout,
    double gammaMin,
    double gammaMax,
    Schedule schedule) {

  /** The noise schedules that a model can have. */
  public enum Schedule {
    /** γ(t) = γ_min + (γ_max − γ_min) t, not learned. */
    FIXED_LINEAR,
    /** γ(t) = b + |w| t with learned b and w. */
    LEARNED_SCALAR
  }

  public ModelConfiguration {
    fourierExponents = List.copyOf(fourierExponents);
    require(channels == 1 || channels == 3, "channels", channels, "1 or 3");
    require(height >= 1 && height <= 4096, "height", height, "1 to 4096");
    require(width >= 1 && width <= 4096, "width", width, "1 to 4096");
    require(groups >= 1, "groups", groups, "at least 1");
    require(
        embedding >= 4 && embedding <= 4096 && embedding % 2 == 0 && embedding % groups == 0,
        "embedding",
        embedding,
        "even, 4 to 4096 and a multiple of groups = " + groups);
    require(blocks >= 1 && blocks <= 256, "blocks", blocks, "1 to 256");
    require(normEpsilon > 0 && normEpsilon < 1, "normEpsilon", normEpsilon, "within (0, 1)");
    require(dropout >= 0 && dropout < 1, "dropout", dropout, "within [0, 1)");
    require(
        Double.isFinite(gammaMin) && Double.isFinite(gammaMax) && gammaMin < gammaMax,
        "gammaMin",
        gammaMin,
        "below gammaMax = " + gammaMax);
    for (int exponent : fourierExponents) {
      require(exponent >= 0 && exponent <= 16, "fourierExponents", exponent, "0 to 16");
    }
    require(schedule != null, "schedule", schedule, "one of the schedules");
  }

  /** D, the number of dimensions of an image: channels · height · width. */
  @JsonIgnore
  public int dimensions() {
    return channels * height * width;
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "model configuration: " + name + " is " + value + ", must be " + expected);
    }
  }
}
