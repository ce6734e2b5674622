package io.surprisal.model.detection;

import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.Execution;
import io.surprisal.model.network.Workers;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Measures what normal images score under a release: the bias of its fixed noise levels, the
 * distribution of the corrected scores that alerts are judged against, and the diffusion loss over
 * time.
 */
public final class Calibrator {
  /** How many images a calibration takes unless told otherwise. */
  public static final int DEFAULT_IMAGES = 2000;

  /** Fewer images show no error of the bias. */
  public static final int FEWEST_IMAGES = 3;

  private static final int IMAGES_A_CALL = 8;

  /** How many images are scored again with other noise, to measure the Monte-Carlo error. */
  private static final int REPEATED_IMAGES = 400;

  private static final long REPETITION_SEED = 1;

  private Calibrator() {}

  /**
   * Calibrates on normal images that did not train the release.
   *
   * <p>The bias is the mean over the images of (fixed levels − levels keyed by the pixels): the
   * second is unbiased, and both use the same noise, so that their difference varies little. The
   * levels keyed by the pixels lie anywhere, and so show the loss at all times.
   *
   * @param data normal images of the model's shape
   * @param limit at most this many are used, the first ones
   * @param evaluations K, the serving number
   * @param execution device and precision that the release will be served with
   * @param progress is told how many images are done
   * @param stop asked between batches; once true, what is measured so far is the calibration
   * @throws IllegalArgumentException if the images are not of the model's shape, or fewer than
   *     {@value #FEWEST_IMAGES}
   */
  public static Calibration calibrate(
      Release release,
      ImageDataset data,
      int limit,
      int evaluations,
      Execution execution,
      IntConsumer progress,
      BooleanSupplier stop) {
    int n = Math.min(limit, data.size());
    if (n < FEWEST_IMAGES) {
      throw new IllegalArgumentException(
          "a calibration of " + n + " images; it needs at least " + FEWEST_IMAGES);
    }
    Sample sample =
        new Sample(new LossBins(NoiseSchedule.of(release.configuration(), release.parameters())));
    try (ImageScorer fixed = ImageScorer.uncorrected(release, execution, evaluations);
        ImageScorer random =
            ImageScorer.unreleased(
                release.configuration(), release.parameters(), execution, evaluations);
        ImageScorer fixedAgain =
            ImageScorer.uncorrected(release, execution, evaluations, REPETITION_SEED);
        ImageScorer randomAgain =
            ImageScorer.fresh(release, execution, evaluations, REPETITION_SEED);
        Workers workers = new Workers("calibrate", execution.workers())) {
      for (int done = 0; done < n && (done == 0 || !stop.getAsBoolean()); ) {
        int from = done;
        List<PixelImage> images =
            IntStream.range(from, Math.min(n, from + workers.count() * IMAGES_A_CALL))
                .mapToObj(data::image)
                .toList();
        workers
            .map(
                (images.size() + IMAGES_A_CALL - 1) / IMAGES_A_CALL,
                call -> {
                  int first = call * IMAGES_A_CALL;
                  List<PixelImage> part =
                      images.subList(first, Math.min(images.size(), first + IMAGES_A_CALL));
                  boolean again = from + first < REPEATED_IMAGES;
                  return new Scored(
                      part,
                      fixed.score(part),
                      random.score(part),
                      again ? fixedAgain.score(part, from + first) : List.of(),
                      again ? randomAgain.score(part, from + first) : List.of());
                })
            .forEach(scored -> sample.add(scored, evaluations, random));
        done += images.size();
        progress.accept(done);
      }
      return sample.calibration(evaluations, fixed.precision());
    }
  }

  /**
   * Some images, scored.
   *
   * @param fixedAgain with other noise; empty where the images are not scored again
   * @param randomAgain likewise
   */
  private record Scored(
      List<PixelImage> images,
      List<ImageLikelihood> atFixed,
      List<ImageLikelihood> atRandom,
      List<ImageLikelihood> fixedAgain,
      List<ImageLikelihood> randomAgain) {}

  /** What is measured on the way. */
  private static final class Sample {
    private final List<Double> fixed = new ArrayList<>();
    private final List<Double> differences = new ArrayList<>();
    private final List<Double> strataOffsets = new ArrayList<>();
    private final Repetitions fixedNoise = new Repetitions();
    private final Repetitions randomNoise = new Repetitions();
    private final LossBins lossBins;

    Sample(LossBins lossBins) {
      this.lossBins = lossBins;
    }

    void add(Scored scored, int evaluations, ImageScorer random) {
      for (int i = 0; i < scored.images().size(); i++) {
        ImageLikelihood atFixed = scored.atFixed().get(i);
        ImageLikelihood atRandom = scored.atRandom().get(i);
        fixed.add(atFixed.bitsPerDim());
        differences.add(atFixed.bitsPerDim() - atRandom.bitsPerDim());
        double offset = random.levelOffset(scored.images().get(i), 0);
        strataOffsets.add(offset * evaluations % 1);
        lossBins.add(DiffusionTime.CONTINUOUS.times(evaluations, offset), atRandom.squaredErrors());
      }
      fixedNoise.add(scored.atFixed(), scored.fixedAgain());
      randomNoise.add(scored.atRandom(), scored.randomAgain());
    }

    /**
     * Slope of the differences over the position of the random levels within their strata. That
     * position is uniform, with mean ½, and makes most of what the differences vary by: a control
     * variate whose expectation is known.
     */
    private double slope() {
      double mean = differences.stream().mapToDouble(d -> d).average().orElseThrow();
      double products = 0;
      double squares = 0;
      for (int i = 0; i < differences.size(); i++) {
        double position = strataOffsets.get(i) - 0.5;
        products += position * (differences.get(i) - mean);
        squares += position * position;
      }
      return squares == 0 ? 0 : products / squares;
    }

    Calibration calibration(int evaluations, String precision) {
      double slope = slope();
      double[] adjusted = new double[differences.size()];
      for (int i = 0; i < adjusted.length; i++) {
        adjusted[i] = differences.get(i) - slope * (strataOffsets.get(i) - 0.5);
      }
      double bias = Arrays.stream(adjusted).average().orElseThrow();
      double variance =
          Arrays.stream(adjusted).map(d -> (d - bias) * (d - bias)).sum() / (adjusted.length - 2);
      float[] corrected = new float[fixed.size()];
      for (int i = 0; i < corrected.length; i++) {
        corrected[i] = (float) (fixed.get(i) - bias);
      }
      return new Calibration(
          evaluations,
          precision,
          corrected,
          List.of(
              new Calibration.Correction(
                  evaluations,
                  bias,
                  Math.sqrt(variance / adjusted.length),
                  fixedNoise.errorScale(),
                  randomNoise.errorScale())),
          lossBins.profile());
    }
  }

  /** The same images scored twice with independent noise: half their squared difference is it. */
  private static final class Repetitions {
    private double measured;
    private double estimated;

    void add(List<ImageLikelihood> once, List<ImageLikelihood> again) {
      for (int i = 0; i < again.size(); i++) {
        double difference = once.get(i).bitsPerDim() - again.get(i).bitsPerDim();
        measured += difference * difference / 2;
        estimated +=
            (Math.pow(once.get(i).standardError(), 2) + Math.pow(again.get(i).standardError(), 2))
                / 2;
      }
    }

    double errorScale() {
      return Math.sqrt(measured / estimated);
    }
  }
}
