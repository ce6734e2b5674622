package io.surprisal.model.detection;

/** A number of an image by which it is told from normal ones; the larger, the more surprising. */
public enum Statistic {
  /** The bound itself, bits/dim. */
  BITS_PER_DIM,
  /** How far its traits lie from what normal images give, see {@link TypicalityFit}. */
  TYPICALITY,
  /** Its most surprising part, see {@link LocalEvidence}. */
  LOCAL,
  /** The rarest of those that the release knows, see {@link ImageStatistics}. */
  COMBINED
}
