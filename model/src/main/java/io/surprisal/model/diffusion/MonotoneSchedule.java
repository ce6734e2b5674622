package io.surprisal.model.diffusion;

import io.surprisal.model.network.ParameterLayout;
import java.util.Arrays;

/**
 * The monotone network f(t) = |k₁| t + Σ_j |k₃ⱼ| φ(|k₂ⱼ| (2t − 1) + bⱼ)/n with φ(u) = 2 sigmoid(u)
 * − 1 (arXiv 2107.00630, appendix H).
 *
 * <p>Normalised, γ(t) = γ₀ + |w| (f(t) − f(0))/(f(1) − f(0)): the end points γ₀ and γ₀ + |w| are
 * parameters of their own, and the rest, the interior, moves only what lies between them. Free,
 * γ(t) = b₁ + f(t), as in the paper's own code.
 */
public final class MonotoneSchedule implements NoiseSchedule {
  private static final int WIDTH = ParameterLayout.MONOTONE_WIDTH;

  private final boolean normalised;
  private final double start;
  private final double range;
  private final int linear;
  private final double[] parameters;
  private final double first;
  private final double rise;

  private MonotoneSchedule(boolean normalised, float[] flat) {
    this.normalised = normalised;
    linear = normalised ? ParameterLayout.END_POINTS : 1;
    parameters = new double[linear + 1 + 3 * WIDTH];
    Arrays.setAll(parameters, i -> flat[i]);
    start = parameters[0];
    range = normalised ? parameters[1] : Double.NaN;
    first = network(0);
    rise = network(1) - first;
  }

  /** With parameters γ₀, w, k₁, k₂, b, k₃. */
  public static MonotoneSchedule normalised(float[] parameters) {
    return new MonotoneSchedule(true, parameters);
  }

  /** With parameters b₁, k₁, k₂, b, k₃. */
  public static MonotoneSchedule free(float[] parameters) {
    return new MonotoneSchedule(false, parameters);
  }

  @Override
  public double gamma(double t) {
    return normalised ? start + Math.abs(range) * position(t) : start + network(t);
  }

  @Override
  public double derivative(double t) {
    return normalised ? Math.abs(range) * slope(t) / rise : slope(t);
  }

  /** Where γ(t) lies between its end points, in [0, 1]. */
  private double position(double t) {
    return (network(t) - first) / rise;
  }

  private double network(double t) {
    double sum = 0;
    for (int j = 0; j < WIDTH; j++) {
      sum += Math.abs(outer(j)) * phi(t, j);
    }
    return Math.abs(parameters[linear]) * t + sum / WIDTH;
  }

  private double slope(double t) {
    double sum = 0;
    for (int j = 0; j < WIDTH; j++) {
      double phi = phi(t, j);
      sum += Math.abs(outer(j) * inner(j)) * (1 - phi * phi);
    }
    return Math.abs(parameters[linear]) + sum / WIDTH;
  }

  private double phi(double t, int unit) {
    double u = Math.abs(inner(unit)) * (2 * t - 1) + parameters[linear + 1 + WIDTH + unit];
    return 2 / (1 + Math.exp(-u)) - 1;
  }

  private double inner(int unit) {
    return parameters[linear + 1 + unit];
  }

  private double outer(int unit) {
    return parameters[linear + 1 + 2 * WIDTH + unit];
  }

  @Override
  public void addGradient(double t, double byGamma, double byDerivative, double[] gradient) {
    if (normalised) {
      addEndPointGradient(t, byGamma, byDerivative, gradient);
      addInteriorGradient(t, byGamma, byDerivative, gradient);
    } else {
      gradient[0] += byGamma;
      addNetworkGradient(t, byGamma, byDerivative, gradient);
    }
  }

  /** What moving γ(0) and γ(1) does, the interior's shape unchanged. */
  public void addEndPointGradient(
      double t, double byGamma, double byDerivative, double[] gradient) {
    gradient[0] += byGamma;
    gradient[1] += Math.signum(range) * (byGamma * position(t) + byDerivative * slope(t) / rise);
  }

  /** What changing the interior's shape does, γ(0) and γ(1) unchanged. */
  public void addInteriorGradient(
      double t, double byGamma, double byDerivative, double[] gradient) {
    // γ = γ₀ + |w| (f(t) − f₀)/A and γ′ = |w| f′(t)/A with A = f₁ − f₀
    double scale = Math.abs(range) / rise;
    double byRise = -scale * (byGamma * position(t) + byDerivative * slope(t) / rise);
    addNetworkGradient(t, scale * byGamma, scale * byDerivative, gradient);
    addNetworkGradient(1, byRise, 0, gradient);
    addNetworkGradient(0, -scale * byGamma - byRise, 0, gradient);
  }

  /** Gradient of a loss with derivatives {@code byValue} and {@code bySlope} at f(t) and f′(t). */
  private void addNetworkGradient(double t, double byValue, double bySlope, double[] gradient) {
    double centred = 2 * t - 1;
    gradient[linear] += Math.signum(parameters[linear]) * (byValue * t + bySlope);
    for (int j = 0; j < WIDTH; j++) {
      double phi = phi(t, j);
      double phi1 = 0.5 * (1 - phi * phi);
      double phi2 = -phi * phi1;
      double k2 = Math.abs(inner(j));
      double k3 = Math.abs(outer(j)) / WIDTH;
      gradient[linear + 1 + j] +=
          Math.signum(inner(j))
              * k3
              * (byValue * phi1 * centred + bySlope * 2 * (phi1 + k2 * phi2 * centred));
      gradient[linear + 1 + WIDTH + j] += k3 * (byValue * phi1 + bySlope * 2 * k2 * phi2);
      gradient[linear + 1 + 2 * WIDTH + j] +=
          Math.signum(outer(j)) / WIDTH * (byValue * phi + bySlope * 2 * k2 * phi1);
    }
  }
}
