package io.surprisal.model.scoring;

import io.surprisal.model.images.PixelImage;
import java.util.List;

/** Scores pictures that a release's preprocessing has been applied to. */
public interface PictureScorer {

  /**
   * Scores pictures; results in their order.
   *
   * @param firstIndex index of the first in its data set; only fresh noise depends on it
   * @throws IllegalArgumentException if one is not as the release takes them
   */
  List<ImageLikelihood> score(List<PixelImage> pictures, long firstIndex);

  /** How many threads should share this scorer. */
  int workers();

  /** Evaluations of the network that the bound of an image or tile is the mean of. */
  int evaluations();

  /** Arithmetic of the network, as recorded in every score. */
  String precision();

  /** Standard error of the bias correction that all scores share, bits/dim; 0 without one. */
  double correctionError();

  /** D of what goes through the network at once. */
  int dimensions();
}
