package io.surprisal.model.scoring;

import io.surprisal.model.diffusion.CounterNoise;
import io.surprisal.model.images.PixelImage;

/** An image on its way to a score. For one thread at a time; made by {@link ImageScorer#begin}. */
public final class ImageEvaluation {
  private final PixelImage image;
  private final CounterNoise noise;
  private final ImageScorer.Levels levels;
  private final float[] squaredErrors;
  private double priorNats;
  private double reconstructionNats;
  private int done;

  ImageEvaluation(
      PixelImage image, CounterNoise noise, ImageScorer.Levels levels, int evaluations) {
    this.image = image;
    this.noise = noise;
    this.levels = levels;
    squaredErrors = new float[evaluations];
  }

  void setFixedTerms(double prior, double reconstruction) {
    priorNats = prior;
    reconstructionNats = reconstruction;
  }

  void add(float squaredError) {
    squaredErrors[done++] = squaredError;
  }

  /** Evaluations so far. */
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
  ImageScorer.Levels levels() {
    return levels;
  }

  /** ‖ε − ε̂‖² in the order in which the evaluations are made; the first {@link #done} are. */
  float[] squaredErrors() {
    return squaredErrors;
  }

  double priorNats() {
    return priorNats;
  }

  double reconstructionNats() {
    return reconstructionNats;
  }
}
