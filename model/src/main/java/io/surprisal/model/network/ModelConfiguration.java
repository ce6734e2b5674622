package io.surprisal.model.network;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.surprisal.model.checks.Require;
import io.surprisal.model.images.ImageShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Everything that fixes the shapes and constants of one Variational Diffusion Model.
 *
 * @param channels image channels, 1 or 3
 * @param height image height in pixels
 * @param width image width in pixels
 * @param embedding E, the width of every hidden layer; even, at least 4, a multiple of {@code
 *     groups}
 * @param blocks n, the number of blocks on the way down (n + 1 on the way up) at full resolution
 * @param coarse further levels, each at half the resolution of the one before; none in the paper's
 *     network
 * @param attentionHeads heads of every attention, a divisor of E
 * @param attentionEverywhere whether every block down and up ends with an attention, not only the
 *     middle
 * @param groups groups of every group normalisation
 * @param normEpsilon ε of every group normalisation
 * @param fourierExponents exponents n of the Fourier features sin and cos of 2ⁿ·2π·z; empty for
 *     none
 * @param fourierOrder order of the Fourier features of several channels
 * @param conditioningInput whether the time embedding is joined by one scalar, as in the paper's
 *     own code
 * @param prediction what the network predicts
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
    List<Level> coarse,
    int attentionHeads,
    boolean attentionEverywhere,
    int groups,
    double normEpsilon,
    List<Integer> fourierExponents,
    FourierOrder fourierOrder,
    boolean conditioningInput,
    Prediction prediction,
    double dropout,
    double gammaMin,
    double gammaMax,
    Schedule schedule) {

  /** Noise levels beyond this are all noise or none, and do not fit float32 any more. */
  private static final double GAMMA_LIMIT = 50;

  /**
   * One resolution of the network.
   *
   * @param width of its hidden layers, a multiple of the groups and of the attention heads
   * @param blocks n on the way down, n + 1 on the way up
   */
  public record Level(int width, int blocks) {}

  /** The noise schedules that a model can have. */
  public enum Schedule {
    /** γ(t) = γ_min + (γ_max − γ_min) t, not learned. */
    FIXED_LINEAR,
    /** γ = 2 ln tan(πτ/2), τ affine in t (Nichol &amp; Dhariwal 2021); for comparison. */
    FIXED_COSINE,
    /** γ = ln expm1(10⁻⁴ + 10 τ²), τ affine in t (Ho, Jain &amp; Abbeel 2020); for comparison. */
    FIXED_BETA_LINEAR,
    /** γ(t) = b + |w| t with learned b and w. */
    LEARNED_SCALAR,
    /** A monotone network between two learned end points: each minimises its own objective. */
    LEARNED_MONOTONE,
    /** The monotone network as in the paper's own code: not normalised, it minimises the bound. */
    LEARNED_MONOTONE_FREE
  }

  /** How the Fourier features of several channels and exponents follow one another. */
  public enum FourierOrder {
    /** f0c0, f0c1, …, f1c0, … */
    FREQUENCY_MAJOR,
    /** c0f0, c0f1, …, c1f0, … */
    CHANNEL_MAJOR
  }

  /** What the network predicts. */
  public enum Prediction {
    /** ε̂ = z + network. */
    EPSILON,
    /** v̂ = network, v = α ε − σ x (Salimans &amp; Ho 2022). */
    V
  }

  public ModelConfiguration {
    fourierExponents = List.copyOf(fourierExponents);
    // The first releases do not name what they could not choose.
    coarse = coarse == null ? List.of() : List.copyOf(coarse);
    fourierOrder = Objects.requireNonNullElse(fourierOrder, FourierOrder.FREQUENCY_MAJOR);
    prediction = Objects.requireNonNullElse(prediction, Prediction.EPSILON);
    require(channels == 1 || channels == 3, "channels", channels, "1 or 3");
    require(height >= 1 && height <= 4096, "height", height, "1 to 4096");
    require(width >= 1 && width <= 4096, "width", width, "1 to 4096");
    require(groups >= 1, "groups", groups, "at least 1");
    require(
        embedding >= 4 && embedding <= 4096 && embedding % 2 == 0 && embedding % groups == 0,
        "embedding",
        embedding,
        "even, 4 to 4096 and a multiple of groups = " + groups);
    require(
        attentionHeads >= 1 && embedding % attentionHeads == 0,
        "attentionHeads",
        attentionHeads,
        "a divisor of embedding = " + embedding);
    require(blocks >= 1 && blocks <= 256, "blocks", blocks, "1 to 256");
    for (Level level : coarse) {
      require(
          level.width() >= 4
              && level.width() <= 4096
              && level.width() % groups == 0
              && level.width() % attentionHeads == 0
              && level.blocks() >= 1
              && level.blocks() <= 256,
          "coarse",
          level,
          "of 1 to 256 blocks and a width that groups and attentionHeads divide");
    }
    int grid = 1 << Math.min(coarse.size(), 16);
    require(
        height % grid == 0 && width % grid == 0,
        "coarse",
        coarse,
        "fewer levels: %d×%d pixels cannot be halved %d times"
            .formatted(height, width, coarse.size()));
    require(normEpsilon > 0 && normEpsilon < 1, "normEpsilon", normEpsilon, "within (0, 1)");
    require(dropout >= 0 && dropout < 1, "dropout", dropout, "within [0, 1)");
    require(
        gammaMin >= -GAMMA_LIMIT && gammaMax <= GAMMA_LIMIT && gammaMin < gammaMax,
        "gammaMin",
        gammaMin,
        "below gammaMax = %s, both in [−%s, %s]".formatted(gammaMax, GAMMA_LIMIT, GAMMA_LIMIT));
    for (int exponent : fourierExponents) {
      require(exponent >= 0 && exponent <= 16, "fourierExponents", exponent, "0 to 16");
    }
    require(schedule != null, "schedule", schedule, "one of the schedules");
  }

  /** A network with one attention of one head in the middle, which predicts ε̂. */
  public ModelConfiguration(
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
    this(
        channels,
        height,
        width,
        embedding,
        blocks,
        List.of(),
        1,
        false,
        groups,
        normEpsilon,
        fourierExponents,
        FourierOrder.FREQUENCY_MAJOR,
        false,
        Prediction.EPSILON,
        dropout,
        gammaMin,
        gammaMax,
        schedule);
  }

  /** The resolutions from full to coarsest. */
  List<Level> levels() {
    List<Level> levels = new ArrayList<>();
    levels.add(new Level(embedding, blocks));
    levels.addAll(coarse);
    return levels;
  }

  /** The shape of its images. */
  @JsonIgnore
  public ImageShape shape() {
    return new ImageShape(channels, height, width);
  }

  /** D, the number of dimensions of an image: channels · height · width. */
  @JsonIgnore
  public int dimensions() {
    return channels * height * width;
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    Require.value(holds, "model configuration", name, value, expected);
  }
}
