package io.surprisal.model.scoring;

import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.model.release.NormalGaussian;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An image on its way to a score. For one thread at a time; made by {@link ImageScorer#begin}. */
public final class ImageEvaluation {
  private final PixelImage image;
  private final CounterNoise noise;
  private final Levels levels;
  private final Optional<LocalCovariates.Traits> traits;
  private final PlainTraits plain;
  private final float[] squaredErrors;
  private final double[] controls;
  private final double[] slopes;
  private float @Nullable [] evidence;
  private double priorNats;
  private double reconstructionNats;
  private int shown;
  private int done;

  ImageEvaluation(
      PixelImage image,
      CounterNoise noise,
      Levels levels,
      Optional<LocalCovariates.Traits> traits,
      Optional<NormalGaussian> gaussian,
      int evaluations) {
    this.image = image;
    this.noise = noise;
    this.levels = levels;
    this.traits = traits;
    plain =
        new PlainTraits(
            Png.bitsPerDim(List.of(image)),
            gaussian.map(normal -> normal.errors(image)).orElse(new double[0]));
    squaredErrors = new float[evaluations];
    controls = new double[evaluations];
    slopes = new double[evaluations];
  }

  void setFixedTerms(double prior, double reconstruction) {
    priorNats = prior;
    reconstructionNats = reconstruction;
  }

  void add(float squaredError, double control) {
    squaredErrors[done] = squaredError;
    controls[done++] = control;
  }

  /** Goes past an evaluation that nothing would be read from: the network is not asked for it. */
  void skip() {
    add(Float.NaN, Double.NaN);
  }

  /**
   * Adds what one evaluation says of each pixel.
   *
   * @param bits {@code [height, width]}; empty where its noise level shows no local evidence
   * @param evaluation its number, as that of its noise level
   * @param slope of e² on ε² over its pixels
   */
  void addEvidence(float[] bits, int evaluation, double slope) {
    if (evidence == null) {
      evidence = new float[image.height() * image.width()];
    }
    for (int i = 0; i < bits.length; i++) {
      evidence[i] += bits[i];
    }
    shown += bits.length > 0 ? 1 : 0;
    slopes[evaluation] = slope;
  }

  /**
   * What the evaluations so far say of each pixel, the mean of those that show it; 0 before the
   * first of them.
   */
  Optional<EvidenceMap> evidence() {
    if (evidence == null) {
      return Optional.empty();
    }
    float[] mean = new float[evidence.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = evidence[i] / Math.max(1, shown);
    }
    return Optional.of(new EvidenceMap(image.height(), image.width(), mean));
  }

  /** The slope of e² on ε² over the image's pixels, of each noise level. */
  public double[] slopes() {
    return slopes.clone();
  }

  /** Evaluations so far, with those that were skipped. */
  public int done() {
    return done;
  }

  PixelImage image() {
    return image;
  }

  CounterNoise noise() {
    return noise;
  }

  /** Of all K evaluations, in their own order. */
  Levels levels() {
    return levels;
  }

  /** ‖ε − ε̂‖² in the order in which the evaluations are made; the first {@link #done} are. */
  float[] squaredErrors() {
    return squaredErrors;
  }

  /** What is subtracted from each, in the same order, bits/dim. */
  double[] controls() {
    return controls;
  }

  /** What a control variate looks at; empty without one. */
  Optional<LocalCovariates.Traits> traits() {
    return traits;
  }

  PlainTraits plain() {
    return plain;
  }

  double priorNats() {
    return priorNats;
  }

  double reconstructionNats() {
    return reconstructionNats;
  }
}
