package io.surprisal.model.compression;

/**
 * ε̂ of several images at once, the same to the last bit whenever it is asked for the same: what is
 * encoded with it can be decoded with nothing else.
 */
interface NoisePredictor {

  /** How many images it takes, always. */
  int batch();

  /**
   * Predicts.
   *
   * @param z values of {@code batch} images, {@code [batch · D]}
   * @param gamma noise level of all of them
   * @return ε̂, {@code [batch · D]}
   */
  double[] predict(double[] z, double gamma);
}
