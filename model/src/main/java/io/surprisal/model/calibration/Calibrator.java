package io.surprisal.model.calibration;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSubset;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.CalibrationScores;
import io.surprisal.model.release.CalibrationSources;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.NormalGaussian;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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

  /** How often an image is scored in all to calibrate on so many. */
  public static int scored(int images) {
    return 2 * (images + Math.min(images, REPEATED_IMAGES));
  }

  /**
   * Calibrates on normal images that did not train the release.
   *
   * <p>The bias is the mean over the images of (fixed levels − levels keyed by the pixels): the
   * second is unbiased, and both use the same noise, so that their difference varies little. The
   * levels keyed by the pixels lie anywhere, and so show the loss at all times.
   *
   * <p>Before that a control variate is fitted, to images that the calibration leaves out: as many
   * as {@code limit} leaves over, or a tenth of all, where that is enough. All scores use it. From
   * the same images it is learned what is typical and what local evidence is usual where, but for
   * several stages: an image that stops early has not the errors that these look at.
   *
   * @param all normal images of the model's shape
   * @param limit at most this many are scored, the first ones
   * @param stages of the evaluations; their last end is K, the serving number
   * @param execution device and precision that the release will be served with
   * @param progress is told how many images are done
   * @param stop asked between batches; once true, what is measured so far is the calibration
   * @throws IllegalArgumentException if the images are not of the model's shape, or fewer than
   *     {@value #FEWEST_IMAGES}
   */
  public static Calibration calibrate(
      Release release,
      ImageDataset all,
      int limit,
      Stages stages,
      Execution execution,
      IntConsumer progress,
      BooleanSupplier stop) {
    int[] fitted = ControlFit.images(limit, all.size());
    ImageDataset data =
        new ImageSubset(
            all,
            IntStream.range(0, all.size())
                .filter(i -> Arrays.binarySearch(fitted, i) < 0)
                .toArray());
    int n = Math.min(limit, data.size());
    if (n < FEWEST_IMAGES) {
      throw new IllegalArgumentException(
          "a calibration of " + n + " images; it needs at least " + FEWEST_IMAGES);
    }
    Optional<ControlVariate> control =
        ControlFit.fit(release, new ImageSubset(all, fitted), execution, stop);
    Stages whole = Stages.single(stages.evaluations());
    NoisePlan keyed = NoisePlan.keyedByPixels();
    NoisePlan again = NoisePlan.fresh(REPETITION_SEED);
    double offset = release.levelOffset();
    BoundEstimator served = estimator(stages, keyed.atOffset(offset), control);
    Optional<LocalControl> pixels =
        control.isPresent() && stages.ends().size() == 1
            ? Optional.of(
                PixelControlFit.fit(release, execution, served, new ImageSubset(all, fitted), stop))
            : Optional.empty();
    Optional<NormalGaussian> gaussian =
        pixels.map(of -> GaussianFit.fit(Arrays.stream(fitted).mapToObj(all::image).toList()));
    BoundEstimator looking = pixels.map(served::withLocal).orElse(served);
    try (ImageScorer fixed =
            new ImageScorer(
                release, execution, gaussian.map(looking::withGaussian).orElse(looking));
        ImageScorer random = new ImageScorer(release, execution, estimator(whole, keyed, control));
        ImageScorer fixedAgain =
            new ImageScorer(
                release, execution, estimator(stages, again.atOffset(offset), control));
        ImageScorer randomAgain =
            new ImageScorer(release, execution, estimator(whole, again, control));
        Workers workers = new Workers("calibrate", execution.workers())) {
      Sample sample =
          new Sample(
              stages,
              new LossBins(NoiseSchedule.of(release.configuration(), release.parameters())),
              pixels.flatMap(
                  of ->
                      NormalImages.fit(
                          fixed,
                          of,
                          gaussian.orElseThrow(),
                          new ImageSubset(all, fitted),
                          workers,
                          stop)));
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
                  boolean repeated = from + first < REPEATED_IMAGES;
                  return new Scored(
                      part,
                      scored(fixed, part, 0),
                      random.score(part),
                      repeated ? scored(fixedAgain, part, from + first) : List.of(),
                      repeated ? randomAgain.score(part, from + first) : List.of());
                })
            .forEach(scored -> sample.add(scored, random));
        sample.add(IntStream.range(from, from + images.size()).mapToObj(data::source).toList());
        done += images.size();
        progress.accept(done);
      }
      return sample.calibration(fixed.precision(), control);
    }
  }

  /** How many images a calibration scores, for so many that it is of. */
  public static long scorings(int images) {
    return 2L * images + 2L * Math.min(images, REPEATED_IMAGES);
  }

  /** Without a correction, which is what is measured. */
  private static BoundEstimator estimator(
      Stages stages, NoisePlan noise, Optional<ControlVariate> control) {
    BoundEstimator plain = BoundEstimator.plain(stages, noise);
    return control.map(plain::controlledBy).orElse(plain);
  }

  /** Calibrates for evaluations in a single stage. */
  public static Calibration calibrate(
      Release release,
      ImageDataset data,
      int limit,
      int evaluations,
      Execution execution,
      IntConsumer progress,
      BooleanSupplier stop) {
    return calibrate(release, data, limit, Stages.single(evaluations), execution, progress, stop);
  }

  /** Of each image what every stage says. */
  private static List<List<ImageLikelihood>> scored(
      ImageScorer scorer, List<PixelImage> images, long firstIndex) {
    List<ImageEvaluation> evaluations = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      evaluations.add(scorer.begin(images.get(i), firstIndex + i));
    }
    List<Integer> ends = scorer.stages().ends();
    ends.forEach(end -> scorer.advance(evaluations));
    return evaluations.stream()
        .map(e -> ends.stream().map(end -> scorer.likelihood(e, end)).toList())
        .toList();
  }

  /**
   * Some images, scored.
   *
   * @param atFixed of each image what every stage says
   * @param atRandom what all evaluations say
   * @param fixedAgain with other noise; empty where the images are not scored again
   * @param randomAgain likewise
   */
  private record Scored(
      List<PixelImage> images,
      List<List<ImageLikelihood>> atFixed,
      List<ImageLikelihood> atRandom,
      List<List<ImageLikelihood>> fixedAgain,
      List<ImageLikelihood> randomAgain) {}

  /** What is measured on the way. */
  private static final class Sample {
    private final Stages stages;
    private final List<StageSample> samples;
    private final List<Double> strataPositions = new ArrayList<>();
    private final Repetitions randomNoise = new Repetitions();
    private final LossBins lossBins;
    private final Optional<NormalImages> normal;
    private final Optional<LocalNormal> local;
    private final List<Double> untypicality = new ArrayList<>();
    private final List<Double> locality = new ArrayList<>();
    private final List<String> sources = new ArrayList<>();

    Sample(Stages stages, LossBins lossBins, Optional<NormalImages> normal) {
      this.stages = stages;
      this.lossBins = lossBins;
      this.normal = normal;
      local = normal.flatMap(NormalImages::local);
      samples = stages.ends().stream().map(StageSample::new).toList();
    }

    void add(List<String> from) {
      sources.addAll(from);
    }

    void add(Scored scored, ImageScorer random) {
      int evaluations = stages.evaluations();
      for (int i = 0; i < scored.images().size(); i++) {
        ImageLikelihood atRandom = scored.atRandom().get(i);
        List<ImageLikelihood> atFixed = scored.atFixed().get(i);
        double offset = random.levelOffset(scored.images().get(i), 0);
        strataPositions.add(offset * evaluations % 1 - 0.5);
        lossBins.add(random.times(scored.images().get(i), 0), atRandom.squaredErrors());
        ImageLikelihood whole = atFixed.get(atFixed.size() - 1);
        normal.ifPresent(images -> untypicality.add(images.untypicality(whole)));
        local.ifPresent(here -> locality.add(normal.orElseThrow().locality(whole)));
        for (int stage = 0; stage < samples.size(); stage++) {
          samples.get(stage).add(atFixed.get(stage), atRandom);
        }
      }
      for (int i = 0; i < scored.fixedAgain().size(); i++) {
        ImageLikelihood atRandom = scored.atRandom().get(i);
        ImageLikelihood randomAgain = scored.randomAgain().get(i);
        for (int stage = 0; stage < samples.size(); stage++) {
          samples
              .get(stage)
              .noise
              .add(
                  scored.atFixed().get(i).get(stage),
                  scored.fixedAgain().get(i).get(stage),
                  randomAgain);
        }
        randomNoise.add(atRandom, randomAgain);
      }
    }

    Calibration calibration(String precision, Optional<ControlVariate> control) {
      StageSample last = samples.get(samples.size() - 1);
      float[] corrected = last.corrected(strataPositions);
      return new Calibration(
          stages.evaluations(),
          precision,
          new CalibrationScores(corrected, floats(untypicality), floats(locality), sources()),
          samples.stream()
              .map(
                  stage -> stage.correction(strataPositions, corrected, randomNoise, stage == last))
              .toList(),
          lossBins.profile(),
          control,
          normal.map(NormalImages::typicality),
          local);
    }

    /** After several stages each image has errors of its own, and one rule stops them all. */
    private CalibrationSources sources() {
      return stages.ends().size() == 1
          ? CalibrationSources.of(sources)
          : CalibrationSources.UNKNOWN;
    }
  }

  static float[] floats(List<Double> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    return floats;
  }

  /** What is measured of one stage. */
  private static final class StageSample {
    private final int evaluations;
    private final List<Double> fixed = new ArrayList<>();
    private final List<Double> differences = new ArrayList<>();
    private final FixedErrors noise = new FixedErrors();

    StageSample(int evaluations) {
      this.evaluations = evaluations;
    }

    void add(ImageLikelihood atFixed, ImageLikelihood atRandom) {
      fixed.add(atFixed.bitsPerDim());
      differences.add(atFixed.bitsPerDim() - atRandom.bitsPerDim());
    }

    /**
     * Differences less what they owe to the position of the random levels within their strata. That
     * position is uniform around 0, and makes most of what the differences vary by: a control
     * variate whose expectation is known.
     */
    private double[] adjusted(List<Double> positions) {
      double mean = differences.stream().mapToDouble(d -> d).average().orElseThrow();
      double products = 0;
      double squares = 0;
      for (int i = 0; i < differences.size(); i++) {
        products += positions.get(i) * (differences.get(i) - mean);
        squares += positions.get(i) * positions.get(i);
      }
      double slope = squares == 0 ? 0 : products / squares;
      double[] adjusted = new double[differences.size()];
      for (int i = 0; i < adjusted.length; i++) {
        adjusted[i] = differences.get(i) - slope * positions.get(i);
      }
      return adjusted;
    }

    /** Scores without the bias. */
    float[] corrected(List<Double> positions) {
      double bias = Arrays.stream(adjusted(positions)).average().orElseThrow();
      float[] corrected = new float[fixed.size()];
      for (int i = 0; i < corrected.length; i++) {
        corrected[i] = (float) (fixed.get(i) - bias);
      }
      return corrected;
    }

    Calibration.Correction correction(
        List<Double> positions, float[] finalScores, Repetitions random, boolean last) {
      double[] adjusted = adjusted(positions);
      double bias = Arrays.stream(adjusted).average().orElseThrow();
      double variance =
          Arrays.stream(adjusted).map(d -> (d - bias) * (d - bias)).sum() / (adjusted.length - 2);
      float[] corrected = corrected(positions);
      double distance = 0;
      for (int i = 0; i < corrected.length; i++) {
        distance += Math.pow(corrected[i] - finalScores[i], 2) / corrected.length;
      }
      return new Calibration.Correction(
          evaluations,
          bias,
          Math.sqrt(variance / adjusted.length),
          noise.errorScale(random),
          last ? random.errorScale() : Double.NaN,
          Math.sqrt(distance),
          noise.error(random));
    }
  }
}
