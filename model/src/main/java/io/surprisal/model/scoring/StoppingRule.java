package io.surprisal.model.scoring;

/** Says when an image needs no further evaluations. Thread-safe. */
@FunctionalInterface
public interface StoppingRule {
  /** Every image gets all evaluations. */
  StoppingRule NEVER = likelihood -> false;

  /**
   * Whether what the evaluations so far say settles the matter.
   *
   * @param likelihood at the end of a stage that is not the last
   */
  boolean settled(ImageLikelihood likelihood);
}
