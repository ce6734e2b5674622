package io.surprisal.model.scoring;

import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.PixelImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * The bound on a data set: means over its images, in bits/dim.
 *
 * @param images how many were scored
 * @param dimensions D of an image
 * @param bitsPerDim mean of the whole bound
 * @param standardError of {@code bitsPerDim} as an estimate for the images' source: the spread
 *     between images (which contains their Monte-Carlo error) and the error of the bias correction
 * @param monteCarloError the part of {@code standardError} that more evaluations would remove: the
 *     evaluations' own noise, and the error of the bias correction; NaN where K is below 3
 * @param prior mean KL(q(z₁|x) ‖ N(0, I))
 * @param diffusion mean diffusion loss
 * @param reconstruction mean −log p(x|z₀)
 * @param evaluationsPerImage K
 * @param precision of the network's arithmetic
 * @param imagesPerSecond wall-clock throughput of this run
 */
public record DatasetLikelihood(
    int images,
    int dimensions,
    double bitsPerDim,
    double standardError,
    double monteCarloError,
    double prior,
    double diffusion,
    double reconstruction,
    int evaluationsPerImage,
    String precision,
    double imagesPerSecond) {

  private static final int IMAGES_A_CALL = 64;

  /**
   * Scores the first {@code limit} images of a data set.
   *
   * @param progress is told how many images are done
   */
  public static DatasetLikelihood measure(
      ImageScorer scorer, ImageDataset data, int limit, IntConsumer progress) {
    long start = System.nanoTime();
    List<ImageLikelihood> all = scoreAll(scorer, data, limit, progress);
    double seconds = (System.nanoTime() - start) * 1e-9;
    int n = all.size();
    double mean = all.stream().mapToDouble(ImageLikelihood::bitsPerDim).average().orElseThrow();
    double spread =
        all.stream().mapToDouble(l -> Math.pow(l.bitsPerDim() - mean, 2)).sum()
            / Math.max(1, n - 1);
    double noise = all.stream().mapToDouble(l -> Math.pow(l.standardError(), 2)).sum() / n / n;
    double correction = Math.pow(scorer.correctionError(), 2);
    return new DatasetLikelihood(
        n,
        data.channels() * data.height() * data.width(),
        mean,
        Math.sqrt(spread / n + correction),
        Math.sqrt(noise + correction),
        all.stream().mapToDouble(ImageLikelihood::prior).average().orElseThrow(),
        all.stream().mapToDouble(ImageLikelihood::diffusion).average().orElseThrow(),
        all.stream().mapToDouble(ImageLikelihood::reconstruction).average().orElseThrow(),
        scorer.evaluations(),
        scorer.precision(),
        n / seconds);
  }

  /** Scores of the first {@code limit} images, in order. */
  public static List<ImageLikelihood> scoreAll(
      ImageScorer scorer, ImageDataset data, int limit, IntConsumer progress) {
    int n = Math.min(limit, data.size());
    if (n < 1) {
      throw new IllegalArgumentException("no image to score: the data set holds " + data.size());
    }
    List<ImageLikelihood> all = new ArrayList<>(n);
    for (int from = 0; from < n; from += IMAGES_A_CALL) {
      List<PixelImage> part =
          IntStream.range(from, Math.min(n, from + IMAGES_A_CALL)).mapToObj(data::image).toList();
      all.addAll(scorer.score(part, from));
      progress.accept(all.size());
    }
    return all;
  }
}
