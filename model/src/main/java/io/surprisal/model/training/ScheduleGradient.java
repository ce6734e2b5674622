package io.surprisal.model.training;

import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.MonotoneSchedule;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.network.ParameterLayout;

/**
 * The noise schedule's side of one backward pass. The network's graph sees the noise levels γ(t_i),
 * γ(0) and γ(1) as leaves; what the loss's derivatives there mean for the schedule's parameters
 * follows in closed form.
 *
 * <p>With L_i = weight(t_i) ‖ε − ε̂‖², g_i = ∂L_i/∂γ(t_i) from the backward pass and h_i =
 * L_i/γ′(t_i) in continuous time, the end points take the gradient of the mean of L_i and the
 * interior of a monotone schedule that of the mean of L_i², 2 L_i (g_i ∂γ/∂η + h_i ∂γ′/∂η): the
 * mean of L_i does not depend on the interior, so its second moment is its variance but for a
 * constant (arXiv 2107.00630, appendix I.2).
 */
final class ScheduleGradient {
  private final NoiseSchedule schedule;
  private final DiffusionTime time;
  private final Weighting weighting;
  private final double bitsPerNat;
  private final double[] times;
  private final double[] gammas;
  private final double[] weights;
  private float[] squaredErrors = {};
  private float[] byGamma = {};
  private double byGamma0;
  private double byGamma1;

  /**
   * Starts.
   *
   * @param uniform times in [0, 1), one an image
   * @param bitsPerNat 1/(D ln 2)
   */
  ScheduleGradient(
      NoiseSchedule schedule, FitConfiguration fit, double[] uniform, double bitsPerNat) {
    this.schedule = schedule;
    this.time = fit.loss().time();
    this.weighting = fit.loss().weighting();
    this.bitsPerNat = bitsPerNat;
    times = new double[uniform.length];
    weights = new double[uniform.length];
    for (int i = 0; i < times.length; i++) {
      times[i] = time.at(uniform[i]);
      weights[i] = time.weight(schedule, times[i]);
    }
    gammas = schedule.gamma(times);
  }

  /** γ of each image. */
  double[] gammas() {
    return gammas;
  }

  /** What each image's ‖ε − ε̂‖² weighs in the loss, nats. */
  double[] lossWeights() {
    double[] lossWeights = new double[weights.length];
    for (int i = 0; i < weights.length; i++) {
      lossWeights[i] = weights[i] * weighting.of(gammas[i]);
    }
    return lossWeights;
  }

  double bitsPerNat() {
    return bitsPerNat;
  }

  /**
   * Mean of the bound, whatever the loss weighs.
   *
   * @param fixedTerms prior + reconstruction of each image, nats
   * @param squaredErrors ‖ε − ε̂‖² of each image
   */
  double bitsPerDim(float[] fixedTerms, float[] squaredErrors) {
    this.squaredErrors = squaredErrors;
    double nats = 0;
    for (int i = 0; i < times.length; i++) {
      nats += fixedTerms[i] + weights[i] * squaredErrors[i];
    }
    return nats / times.length * bitsPerNat;
  }

  /**
   * Takes what the backward pass found.
   *
   * @param byGamma ∂(mean loss)/∂γ(t_i)
   * @param byGamma0 ∂(mean loss)/∂γ(0)
   * @param byGamma1 ∂(mean loss)/∂γ(1)
   */
  void accept(float[] byGamma, double byGamma0, double byGamma1) {
    this.byGamma = byGamma;
    this.byGamma0 = byGamma0;
    this.byGamma1 = byGamma1;
  }

  /**
   * Gradient of the schedule's parameters.
   *
   * @param clipNorm largest norm of the interior's part; 0 for no clipping
   */
  float[] parameters(ParameterLayout layout, double clipNorm) {
    double[] gradient = new double[layout.scheduleSize()];
    boolean interior = schedule instanceof MonotoneSchedule && layout.interiorEnd() > 0;
    if (interior && time.continuous()) {
      addTwoObjectives((MonotoneSchedule) schedule, gradient);
      clip(gradient, layout.interiorStart(), layout.interiorEnd(), clipNorm);
    } else {
      addOneObjective(gradient);
    }
    float[] floats = new float[gradient.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) gradient[i];
    }
    return floats;
  }

  private void addTwoObjectives(MonotoneSchedule monotone, double[] gradient) {
    monotone.addEndPointGradient(0, byGamma0, 0, gradient);
    monotone.addEndPointGradient(1, byGamma1, 0, gradient);
    for (int i = 0; i < times.length; i++) {
      double g = byGamma(i);
      double h = byWeight(i) / 2;
      monotone.addEndPointGradient(times[i], g, h, gradient);
      double loss = weights[i] * squaredErrors[i] * bitsPerNat;
      monotone.addInteriorGradient(times[i], 2 * loss * g, 2 * loss * h, gradient);
    }
  }

  private void addOneObjective(double[] gradient) {
    schedule.addGradient(0, byGamma0, 0, gradient);
    schedule.addGradient(1, byGamma1, 0, gradient);
    for (int i = 0; i < times.length; i++) {
      if (time.continuous()) {
        schedule.addGradient(times[i], byGamma(i), byWeight(i) / 2, gradient);
      } else {
        // weight = T/2 expm1(γ_t − γ_s)
        double before = time.before(times[i]);
        double byDifference = byWeight(i) * (weights[i] + 0.5 * time.steps());
        schedule.addGradient(times[i], byGamma(i) + byDifference, 0, gradient);
        schedule.addGradient(before, -byDifference, 0, gradient);
      }
    }
  }

  /** ∂(mean bound)/∂γ(t_i) at a constant weight: the schedule follows the bound, not the loss. */
  private double byGamma(int i) {
    return byGamma[i] / weighting.of(gammas[i]);
  }

  /** ∂(mean bound)/∂weight(t_i). */
  private double byWeight(int i) {
    return squaredErrors[i] * bitsPerNat / times.length;
  }

  private static void clip(double[] gradient, int from, int to, double clipNorm) {
    double square = 0;
    for (int i = from; i < to; i++) {
      square += gradient[i] * gradient[i];
    }
    double norm = Math.sqrt(square);
    if (clipNorm > 0 && norm > clipNorm) {
      for (int i = from; i < to; i++) {
        gradient[i] *= clipNorm / norm;
      }
    }
  }
}
