package io.surprisal.trainer.release;

import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageScorer;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Images that no release was trained on, by which candidates are judged and calibrated. */
public interface HeldOutImages {

  /** How many. */
  int size();

  /**
   * Some of them, in the order given.
   *
   * @param which positions
   */
  HeldOutImages subset(int[] which);

  /**
   * Scores all in bits/dim, for comparison with what another release makes of the same.
   *
   * @param scorer of a release
   * @param stop asked between batches; once true, the scores are worth nothing
   * @return an image's at its position
   */
  double[] bitsPerDim(ImageScorer scorer, BooleanSupplier stop);

  /**
   * Calibrates a release on all.
   *
   * @param evaluations K that it will be served with
   * @param execution as it will be served
   * @return empty where it was stopped
   */
  Optional<Calibration> calibration(
      Release release, int evaluations, Execution execution, BooleanSupplier stop);

  /**
   * Judges all, scored as the stream does it.
   *
   * @param calibrated the release
   * @param rules of it, for K
   * @param stop asked between images; once true, the verdicts are too few
   * @return an image's at its position
   */
  List<Verdict> verdicts(
      Release calibrated,
      AlertRules rules,
      int evaluations,
      Execution execution,
      BooleanSupplier stop);

  /** Which source each comes from, at its position; "" where it is not known. */
  List<String> sources();

  /**
   * Some of what goes through the network.
   *
   * @param most at most so many
   */
  List<PixelImage> seen(int most);
}
