package io.surprisal.model.calibration;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.RandomCrops;
import io.surprisal.model.datasets.ScaledPictures;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.CalibrationScores;
import io.surprisal.model.release.CalibrationSources;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.TileScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calibrates a release that sees pictures tile by tile. What is measured about a single evaluation,
 * its bias and the slopes of its pixels' errors, is measured on tiles from all over some pictures.
 * What alerts are judged against are the scores of other pictures, each whole: tiles of one picture
 * are not independent, and their number is no sample size.
 */
public final class PictureCalibrator {
  private static final Logger LOG = LoggerFactory.getLogger(PictureCalibrator.class);

  /**
   * Tiles that show the bias. Too few for a control variate, on purpose: a picture's score is the
   * mean of a hundred tiles, and to look at each costs as much as a small network.
   */
  private static final int TILES = 512;

  /** How many times as many evaluations a second look has as the first. */
  private static final int LOOKS = 4;

  private static final int ONE_FITTED_OF = 3;

  /** As many show what is usual where; more would say little more. */
  private static final int MOST_FITTED = 64;

  /** So many times as many that were trained on show it too, as far as there are as many. */
  private static final int TRAINED_A_FITTED = 2;

  private static final long SEED = 1;

  private PictureCalibrator() {}

  /**
   * How many tiles are scored in all to calibrate, each with all evaluations.
   *
   * @param usual pictures that show what is usual
   * @param calibrating those that alerts are judged against
   * @param tiles of a picture
   */
  public static int scored(int usual, int calibrating, int tiles) {
    return Calibrator.scored(TILES) + TILES + (usual + (calibrating + 1) / 2) * tiles;
  }

  /**
   * Normal pictures.
   *
   * @param all as they came
   * @param fitted indices of those that show what is normal of a tile; they did not train the
   *     release
   * @param trained indices of those that trained it and show what is usual where beside the others.
   *     What alerts are judged against is the same function of pictures that it has not seen
   * @param calibrating indices of those that alerts are judged against; they did not train it
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Pictures(ImageSource all, int[] fitted, int[] trained, int[] calibrating) {

    /** Those that show what is usual where: first the ones that trained nothing. */
    private int[] usual() {
      return IntStream.concat(Arrays.stream(fitted), Arrays.stream(trained)).toArray();
    }

    /**
     * Shares pictures out, none of which was trained on: those that show tiles come from all over,
     * as those that calibrate do.
     *
     * @param which indices
     */
    public static Pictures of(ImageSource all, int[] which) {
      int showing = PictureCalibrator.fitted(which.length);
      int[] fitted = new int[showing];
      int[] calibrating = new int[which.length - showing];
      for (int i = 0, f = 0; i < which.length; i++) {
        if (f < showing && i == (int) ((long) f * which.length / showing)) {
          fitted[f++] = which[i];
        } else {
          calibrating[i - f] = which[i];
        }
      }
      return new Pictures(all, fitted, new int[0], calibrating);
    }
  }

  /** Of so many held-out pictures, how many show what is usual of a tile; the others calibrate. */
  public static int fitted(int pictures) {
    return Math.min(MOST_FITTED, (pictures + ONE_FITTED_OF - 1) / ONE_FITTED_OF);
  }

  /** How many pictures that were trained on show what is usual beside so many that were not. */
  public static int trained(int fitted, int training) {
    return Math.max(
        0, Math.min(training, Math.min(MOST_FITTED - fitted, TRAINED_A_FITTED * fitted)));
  }

  /**
   * Calibrates for a first look at every tile, and a second at those that deserve one; where K is
   * not divisible, for a single look.
   *
   * @param release with a tiling
   * @param evaluations K, the serving number
   * @param execution device and precision that the release will be served with
   * @param progress is told how many pictures are done
   * @param enough asked between pictures; once true, what is measured so far is the calibration, at
   *     least one picture of each kind
   * @param stop asked between pictures; once true, it ends at once
   * @return empty where it was stopped before a picture was scored that calibrates
   * @throws IllegalArgumentException if no picture is as the release takes them
   */
  public static Optional<Calibration> calibrate(
      Release release,
      Pictures pictures,
      int evaluations,
      Execution execution,
      IntConsumer progress,
      BooleanSupplier enough,
      BooleanSupplier stop) {
    BooleanSupplier either = () -> enough.getAsBoolean() || stop.getAsBoolean();
    Stages stages = stages(evaluations);
    ImageDataset tiles =
        RandomCrops.tiles(pictures.all(), pictures.fitted(), release.preprocessing(), TILES, SEED);
    Calibration ofTiles =
        Calibrator.calibrate(release, tiles, tiles.size(), stages, execution, done -> {}, either);
    ImageSource scaled = new ScaledPictures(pictures.all(), release.preprocessing());
    BoundEstimator served = BoundEstimator.served(release, Optional.of(ofTiles), stages);
    LocalControl control =
        fromGreyLevel(
            PixelControlFit.fit(release, execution, served, tiles, either),
            NoiseSchedule.of(release.configuration(), release.parameters()),
            release.levelOffset(),
            stages.ends().get(0));
    List<Double> scores = new ArrayList<>();
    List<Double> locality = new ArrayList<>();
    List<String> sources = new ArrayList<>();
    LocalNormal normal;
    BoundEstimator controlled = served.withLocal(control);
    try (ImageScorer scorer = new ImageScorer(release, execution, controlled);
        Workers workers = new Workers("calibrate", execution.workers())) {
      TileScorer whole = new TileScorer(scorer, release.preprocessing(), workers);
      LooksFit fit =
          new LooksFit(
              control,
              stages,
              release.preprocessing().shape().height(),
              release.preprocessing().shape().width());
      each(
          whole,
          scaled,
          pictures.usual(),
          () -> stop.getAsBoolean() || (enough.getAsBoolean() && fit.begun()),
          (index, picture, score) -> fit.add(score, release.preprocessing().corners(picture)),
          done -> {});
      if (stop.getAsBoolean()) {
        return Optional.empty();
      }
      normal = fit.normal();
    }
    BoundEstimator looking =
        normal.firstLook().isPresent() ? controlled.withLooks(normal) : controlled;
    try (ImageScorer scorer = new ImageScorer(release, execution, looking);
        Workers workers = new Workers("calibrate", execution.workers())) {
      each(
          new TileScorer(scorer, release.preprocessing(), workers),
          scaled,
          pictures.calibrating(),
          () -> stop.getAsBoolean() || (enough.getAsBoolean() && !scores.isEmpty()),
          (index, picture, score) -> {
            sources.add(scaled.source(index));
            scores.add(score.bitsPerDim());
            locality.add(statistic(score, normal));
          },
          progress);
    }
    if (scores.isEmpty()) {
      if (stop.getAsBoolean()) {
        return Optional.empty();
      }
      throw new IllegalArgumentException("none of the pictures to calibrate on can be used");
    }
    return Optional.of(
        new Calibration(
            evaluations,
            ofTiles.precision(),
            new CalibrationScores(
                Calibrator.floats(scores),
                new float[0],
                Calibrator.floats(locality),
                CalibrationSources.of(sources)),
            ofTiles.corrections(),
            ofTiles.lossProfile(),
            ofTiles.control(),
            Optional.empty(),
            Optional.of(normal)));
  }

  /** A first look with a quarter of the evaluations, where that is a whole number. */
  static Stages stages(int evaluations) {
    return evaluations % LOOKS == 0
        ? new Stages(List.of(evaluations / LOOKS, evaluations))
        : Stages.single(evaluations);
  }

  /**
   * Local evidence from levels with the noise of a grey level on, where the first look has one.
   *
   * @param offset u of the levels (u + i/s) mod 1 of a first look with s evaluations
   */
  static LocalControl fromGreyLevel(
      LocalControl control, NoiseSchedule schedule, double offset, int evaluations) {
    boolean shown =
        IntStream.range(0, evaluations)
            .mapToDouble(i -> schedule.gamma((offset + i / (double) evaluations) % 1))
            .anyMatch(gamma -> gamma >= LocalControl.GREY_LEVEL);
    if (!shown) {
      LOG.warn(
          "the noise of all {} evaluations of the first look is less than a grey level, so all evaluations show local evidence: less of it than of a release that is fitted anew",
          evaluations);
      return control;
    }
    return control.fromGamma(LocalControl.GREY_LEVEL);
  }

  private static double statistic(ImageLikelihood score, LocalNormal normal) {
    return new LocalEvidence(score.evidence().orElseThrow(), normal).statistic();
  }

  /** Takes a picture that was scored. */
  private interface Taker {
    void take(int index, PixelImage picture, ImageLikelihood score);
  }

  /** Scores pictures one after the other, their tiles side by side. */
  private static void each(
      TileScorer scorer,
      ImageSource pictures,
      int[] which,
      BooleanSupplier stop,
      Taker then,
      IntConsumer progress) {
    for (int i = 0; i < which.length && !stop.getAsBoolean(); i++) {
      int index = which[i];
      picture(pictures, index)
          .ifPresent(
              picture -> then.take(index, picture, scorer.score(List.of(picture), 0).get(0)));
      progress.accept(i + 1);
    }
  }

  private static Optional<PixelImage> picture(ImageSource pictures, int index) {
    try {
      return Optional.of(pictures.image(index));
    } catch (IllegalArgumentException e) {
      LOG.warn("skipped: {}", e.getMessage());
      return Optional.empty();
    }
  }
}
