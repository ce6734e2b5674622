package io.surprisal.model.scoring;

import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.PixelImage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * The bound on a data set: means over its images, in bits/dim.
 *
 * @param images how many were scored
 * @param dimensions D of an image
 * @param bitsPerDim mean of the whole bound
 * @param standardError of {@code bitsPerDim} as an estimate for the images' source: the spread
 *     between images (which contains their Monte-Carlo error) and the error of the bias correction;
 *     NaN for one image
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

  private static final int IMAGES_A_CALL = 8;

  /** Is told each score as soon as it is there, in order. */
  @FunctionalInterface
  public interface Listener {
    void scored(int index, ImageLikelihood likelihood);
  }

  /**
   * Scores the first {@code limit} images of a data set.
   *
   * @param stop asked between batches; once true, what is scored so far is the data set
   * @throws IllegalArgumentException if {@code limit} is below 1
   */
  public static DatasetLikelihood measure(
      ImageScorer scorer, ImageDataset data, int limit, Listener listener, BooleanSupplier stop) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit is " + limit + ", must be at least 1");
    }
    long start = System.nanoTime();
    int available = Math.min(limit, data.size());
    List<ImageLikelihood> all = new ArrayList<>(available);
    while (all.size() < available && (all.isEmpty() || !stop.getAsBoolean())) {
      int from = all.size();
      List<PixelImage> part =
          IntStream.range(from, Math.min(available, from + IMAGES_A_CALL))
              .mapToObj(data::image)
              .toList();
      for (ImageLikelihood likelihood : scorer.score(part, from)) {
        listener.scored(all.size(), likelihood);
        all.add(likelihood);
      }
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    int n = all.size();
    double mean = all.stream().mapToDouble(ImageLikelihood::bitsPerDim).average().orElseThrow();
    double spread =
        all.stream().mapToDouble(l -> Math.pow(l.bitsPerDim() - mean, 2)).sum() / (n - 1);
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
}
