package io.surprisal.model.calibration;

import io.surprisal.model.scoring.ImageLikelihood;

/** The same images scored twice with independent noise: half their squared difference is it. */
final class Repetitions {
  private double measured;
  private double estimated;
  private int images;

  void add(ImageLikelihood once, ImageLikelihood again) {
    double difference = once.bitsPerDim() - again.bitsPerDim();
    measured += difference * difference / 2;
    images++;
    estimated += (Math.pow(once.standardError(), 2) + Math.pow(again.standardError(), 2)) / 2;
  }

  /** Mean square, bits/dim squared; 0 for no images. */
  double variance() {
    return images == 0 ? 0 : measured / images;
  }

  double errorScale() {
    return Math.sqrt(measured / estimated);
  }
}
