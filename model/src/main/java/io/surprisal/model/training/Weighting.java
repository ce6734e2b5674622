package io.surprisal.model.training;

/**
 * What the diffusion loss weighs noise levels by: ½ ∫ w(γ) E‖ε − ε̂‖² dγ (arXiv 2107.00630, section
 * 5.2, in terms of ε). Written over γ, it does not depend on the noise schedule's shape.
 */
public enum Weighting {
  /** w = 1: the bound itself, for likelihood. */
  BOUND,
  /**
   * w = sech(γ/2): ‖ε − ε̂‖² at uniform times of the α-cosine schedule, for pictures that look good
   * (Ho, Jain &amp; Abbeel 2020; Kingma &amp; Gao 2023, table 1). It gives up bits/dim in the
   * finest details.
   */
  PERCEPTUAL;

  /** w(γ), above 0. */
  double of(double gamma) {
    return this == BOUND ? 1 : 1 / Math.cosh(gamma / 2);
  }
}
