package io.surprisal.model.detection;

import ai.djl.Device;
import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Measures what normal images score under a release: the bias of its fixed noise levels, and the
 * distribution of the corrected scores that alerts are judged against.
 */
public final class Calibrator {
  /** How many images a calibration takes unless told otherwise. */
  public static final int DEFAULT_IMAGES = 2000;

  private static final int IMAGES_A_CALL = 8;

  private Calibrator() {}

  /**
   * Calibrates on normal images that did not train the release.
   *
   * <p>The bias is the mean over the images of (fixed levels − levels keyed by the pixels): the
   * second is unbiased, and both use the same noise, so that their difference varies little.
   *
   * @param data normal images of the model's shape
   * @param limit at most this many are used, the first ones
   * @param evaluations K, the serving number
   * @param progress is told how many images are done
   * @param stop asked between batches; once true, what is measured so far is the calibration
   * @throws IllegalArgumentException if the images are not of the model's shape
   */
  public static Calibration calibrate(
      Release release,
      ImageDataset data,
      int limit,
      int evaluations,
      Device device,
      IntConsumer progress,
      BooleanSupplier stop) {
    ModelConfiguration configuration = release.configuration();
    int n = Math.min(limit, data.size());
    List<Double> fixed = new ArrayList<>(n);
    List<Double> differences = new ArrayList<>(n);
    try (ImageScorer atFixedLevels = ImageScorer.uncorrected(release, device, evaluations);
        ImageScorer atPixelLevels =
            ImageScorer.unreleased(configuration, release.parameters(), device, evaluations)) {
      for (int from = 0; from < n && (from == 0 || !stop.getAsBoolean()); from += IMAGES_A_CALL) {
        List<PixelImage> part =
            IntStream.range(from, Math.min(n, from + IMAGES_A_CALL)).mapToObj(data::image).toList();
        List<ImageLikelihood> biased = atFixedLevels.score(part);
        List<ImageLikelihood> unbiased = atPixelLevels.score(part);
        for (int i = 0; i < part.size(); i++) {
          fixed.add(biased.get(i).bitsPerDim());
          differences.add(biased.get(i).bitsPerDim() - unbiased.get(i).bitsPerDim());
        }
        progress.accept(fixed.size());
      }
      double bias = differences.stream().mapToDouble(d -> d).average().orElseThrow();
      double variance =
          differences.stream().mapToDouble(d -> (d - bias) * (d - bias)).sum()
              / Math.max(1, differences.size() - 1);
      float[] corrected = new float[fixed.size()];
      for (int i = 0; i < corrected.length; i++) {
        corrected[i] = (float) (fixed.get(i) - bias);
      }
      return new Calibration(
          evaluations,
          atFixedLevels.precision(),
          corrected,
          List.of(
              new Calibration.Correction(
                  evaluations, bias, Math.sqrt(variance / differences.size()))));
    }
  }
}
