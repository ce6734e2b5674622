package io.surprisal.model.calibration;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.RandomCrops;
import io.surprisal.model.datasets.ScaledPictures;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.detection.LocalFit;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.EvidenceMap;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.TileScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
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

  private static final long SEED = 1;
  private static final int TILES_A_CALL = 32;

  private PictureCalibrator() {}

  /**
   * How many tiles are scored in all to calibrate.
   *
   * @param pictures those that show what is usual, and those that calibrate
   * @param tiles of a picture
   */
  public static int scored(int pictures, int tiles) {
    return Calibrator.scored(TILES) + TILES + pictures * tiles;
  }

  /**
   * Normal pictures that did not train the release.
   *
   * @param all as they came
   * @param fitted indices of those that show what is normal of a tile
   * @param calibrating indices of those that alerts are judged against
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Pictures(ImageSource all, int[] fitted, int[] calibrating) {

    /** Every third of some pictures shows tiles, the others calibrate. */
    public static Pictures of(ImageSource all, int limit) {
      int n = Math.min(limit, all.size());
      return new Pictures(
          all,
          IntStream.range(0, n).filter(i -> i % 3 == 0).toArray(),
          IntStream.range(0, n).filter(i -> i % 3 != 0).toArray());
    }
  }

  /**
   * Calibrates for evaluations in a single stage.
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
    ImageDataset tiles =
        RandomCrops.tiles(pictures.all(), pictures.fitted(), release.preprocessing(), TILES, SEED);
    Calibration ofTiles =
        Calibrator.calibrate(
            release, tiles, tiles.size(), evaluations, execution, done -> {}, either);
    ImageSource scaled = new ScaledPictures(pictures.all(), release.preprocessing());
    Stages stages = Stages.single(evaluations);
    BoundEstimator served = BoundEstimator.served(release, Optional.of(ofTiles), stages);
    LocalControl control = control(release, execution, served, tiles, either);
    List<Float> scores = new ArrayList<>();
    List<Float> locality = new ArrayList<>();
    LocalNormal normal;
    try (ImageScorer scorer = new ImageScorer(release, execution, served.withLocal(control));
        Workers workers = new Workers("calibrate", execution.workers())) {
      TileScorer whole = new TileScorer(scorer, release.preprocessing(), workers);
      LocalFitting fitting = new LocalFitting(control);
      each(
          whole,
          scaled,
          pictures.fitted(),
          () -> stop.getAsBoolean() || (enough.getAsBoolean() && fitting.begun()),
          fitting::add,
          done -> {});
      if (stop.getAsBoolean()) {
        return Optional.empty();
      }
      normal = fitting.normal();
      each(
          whole,
          scaled,
          pictures.calibrating(),
          () -> stop.getAsBoolean() || (enough.getAsBoolean() && !scores.isEmpty()),
          score -> {
            scores.add((float) score.bitsPerDim());
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
            floats(scores),
            ofTiles.corrections(),
            ofTiles.lossProfile(),
            ofTiles.control(),
            Optional.empty(),
            new float[0],
            Optional.of(normal),
            floats(locality)));
  }

  private static float[] floats(List<Float> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    return floats;
  }

  private static float statistic(ImageLikelihood score, LocalNormal normal) {
    return (float) new LocalEvidence(score.evidence().orElseThrow(), normal).statistic();
  }

  /** The slopes of the tiles' errors by noise level. */
  private static LocalControl control(
      Release release,
      Execution execution,
      BoundEstimator served,
      ImageDataset tiles,
      BooleanSupplier stop) {
    try (ImageScorer scorer =
        new ImageScorer(release, execution, served.withLocal(LocalControl.NONE))) {
      double[] sums = new double[scorer.evaluations()];
      double[] times = scorer.times(tiles.image(0), 0);
      int count = 0;
      for (int from = 0; from < tiles.size() && (from == 0 || !stop.getAsBoolean()); ) {
        int to = Math.min(tiles.size(), from + TILES_A_CALL);
        List<ImageEvaluation> some =
            IntStream.range(from, to).mapToObj(i -> scorer.begin(tiles.image(i), i)).toList();
        scorer.advance(some);
        for (ImageEvaluation tile : some) {
          double[] slopes = tile.slopes();
          for (int i = 0; i < sums.length; i++) {
            sums[i] += slopes[i];
          }
          count++;
        }
        from = to;
      }
      int seen = count;
      return LocalControl.of(times, Arrays.stream(sums).map(sum -> sum / seen).toArray());
    }
  }

  /** Collects what is usual of pictures of which the first says how large they are. */
  private static final class LocalFitting {
    private final LocalControl control;
    private Optional<LocalFit> fit = Optional.empty();

    LocalFitting(LocalControl control) {
      this.control = control;
    }

    void add(ImageLikelihood score) {
      EvidenceMap evidence = score.evidence().orElseThrow();
      if (fit.isEmpty()) {
        fit = Optional.of(new LocalFit(control, evidence.height(), evidence.width()));
      }
      fit.get().add(evidence);
    }

    boolean begun() {
      return fit.isPresent();
    }

    LocalNormal normal() {
      return fit.map(LocalFit::normal)
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "none of the pictures that show what is usual can be used"));
    }
  }

  /** Scores pictures one after the other, their tiles side by side. */
  private static void each(
      TileScorer scorer,
      ImageSource pictures,
      int[] which,
      BooleanSupplier stop,
      Consumer<ImageLikelihood> then,
      IntConsumer progress) {
    for (int i = 0; i < which.length && !stop.getAsBoolean(); i++) {
      score(scorer, pictures, which[i]).ifPresent(then);
      progress.accept(i + 1);
    }
  }

  private static Optional<ImageLikelihood> score(
      TileScorer scorer, ImageSource pictures, int index) {
    PixelImage picture;
    try {
      picture = pictures.image(index);
    } catch (IllegalArgumentException e) {
      LOG.warn("skipped: {}", e.getMessage());
      return Optional.empty();
    }
    return Optional.of(scorer.score(List.of(picture), index).get(0));
  }
}
