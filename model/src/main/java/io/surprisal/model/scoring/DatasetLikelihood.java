package io.surprisal.model.scoring;

import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.runtime.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bound on a data set: means over its images, in bits/dim. Flat, since its components are the
 * fields of {@code evaluate --json}.
 *
 * @param images how many were scored
 * @param dimensions D of an image, or of a tile
 * @param bitsPerDim mean of the whole bound
 * @param standardError of {@code bitsPerDim} as an estimate for the images' source: the spread
 *     between images (which contains their Monte-Carlo error) and the error of the bias correction;
 *     NaN for one image
 * @param monteCarloError the part of {@code standardError} that more evaluations would remove: the
 *     evaluations' own noise, and the error of the bias correction; NaN where K is below 3
 * @param prior mean KL(q(z₁|x) ‖ N(0, I))
 * @param diffusion mean diffusion loss
 * @param reconstruction mean −log p(x|z₀)
 * @param priorStandardError of {@code prior}, as {@code standardError} is of {@code bitsPerDim}
 * @param diffusionStandardError of {@code diffusion}
 * @param reconstructionStandardError of {@code reconstruction}
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
    double priorStandardError,
    double diffusionStandardError,
    double reconstructionStandardError,
    int evaluationsPerImage,
    String precision,
    double imagesPerSecond) {

  private static final Logger LOG = LoggerFactory.getLogger(DatasetLikelihood.class);
  private static final int IMAGES_A_CALL = 8;

  /** Is told each score as soon as it is there, in order. */
  @FunctionalInterface
  public interface Listener {
    void scored(int index, ImageLikelihood likelihood);
  }

  /**
   * Scores the first {@code limit} images of a data set. A picture that does not decode, or that
   * the release does not take, is left out, with a word in the log.
   *
   * @param stop asked between batches; once true, what is scored so far is the data set
   * @throws IllegalArgumentException if {@code limit} is below 1, or no picture can be used
   */
  public static DatasetLikelihood measure(
      PictureScorer scorer, ImageSource data, int limit, Listener listener, BooleanSupplier stop) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit is " + limit + ", must be at least 1");
    }
    long start = System.nanoTime();
    int available = Math.min(limit, data.size());
    List<ImageLikelihood> all = new ArrayList<>(available);
    try (Workers workers = new Workers("score", scorer.workers())) {
      int batch = workers.count() * IMAGES_A_CALL;
      for (int from = 0; from < available && (all.isEmpty() || !stop.getAsBoolean()); ) {
        int to = Math.min(available, from + batch);
        for (Scored scored : score(scorer, usable(data, from, to), workers)) {
          listener.scored(scored.index(), scored.likelihood());
          all.add(scored.likelihood().withoutEvidence());
        }
        from = to;
      }
    }
    if (all.isEmpty()) {
      throw new IllegalArgumentException("none of the " + available + " pictures can be used");
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    int n = all.size();
    double noise = all.stream().mapToDouble(l -> Math.pow(l.standardError(), 2)).sum() / n / n;
    double correction = Math.pow(scorer.correctionError(), 2);
    return new DatasetLikelihood(
        n,
        scorer.dimensions(),
        mean(all, ImageLikelihood::bitsPerDim),
        Math.sqrt(squaredError(all, ImageLikelihood::bitsPerDim) + correction),
        Math.sqrt(noise + correction),
        mean(all, ImageLikelihood::prior),
        mean(all, ImageLikelihood::diffusion),
        mean(all, ImageLikelihood::reconstruction),
        Math.sqrt(squaredError(all, ImageLikelihood::prior)),
        Math.sqrt(squaredError(all, ImageLikelihood::diffusion) + correction),
        Math.sqrt(squaredError(all, ImageLikelihood::reconstruction)),
        scorer.evaluations(),
        scorer.precision(),
        n / seconds);
  }

  private record Usable(int index, PixelImage image) {}

  private record Scored(int index, ImageLikelihood likelihood) {}

  private static List<Usable> usable(ImageSource data, int from, int to) {
    List<Usable> images = new ArrayList<>();
    for (int i = from; i < to; i++) {
      try {
        images.add(new Usable(i, data.image(i)));
      } catch (IllegalArgumentException e) {
        LOG.warn("skipped: {}", e.getMessage());
      }
    }
    return images;
  }

  /** Scores images that lie near each other, a call's worth for each worker. */
  private static List<Scored> score(PictureScorer scorer, List<Usable> images, Workers workers) {
    return workers
        .map(
            (images.size() + IMAGES_A_CALL - 1) / IMAGES_A_CALL,
            call -> {
              List<Usable> some =
                  images.subList(
                      call * IMAGES_A_CALL, Math.min(images.size(), (call + 1) * IMAGES_A_CALL));
              List<ImageLikelihood> scores =
                  scorer.score(some.stream().map(Usable::image).toList(), some.get(0).index());
              return IntStream.range(0, some.size())
                  .mapToObj(i -> new Scored(some.get(i).index(), scores.get(i)))
                  .toList();
            })
        .stream()
        .flatMap(List::stream)
        .toList();
  }

  private static double mean(List<ImageLikelihood> all, ToDoubleFunction<ImageLikelihood> term) {
    return all.stream().mapToDouble(term).average().orElseThrow();
  }

  /** Squared standard error of a mean over images; NaN for one image. */
  private static double squaredError(
      List<ImageLikelihood> all, ToDoubleFunction<ImageLikelihood> term) {
    double mean = mean(all, term);
    double squares = all.stream().mapToDouble(l -> Math.pow(term.applyAsDouble(l) - mean, 2)).sum();
    return squares / (all.size() - 1) / all.size();
  }
}
