package io.surprisal.trainer.release;

import io.surprisal.model.calibration.PictureCalibrator;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.RandomCrops;
import io.surprisal.model.datasets.ScaledPictures;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Workers;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.DatasetLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.TileScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Pictures that go through the network tile by tile. Releases are compared on a few tiles from all
 * over each picture, and calibrated on whole pictures.
 *
 * @param pictures as they came, held out and others
 * @param which of them, indices
 * @param preprocessing of the releases
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record HeldOutPictures(ImageSource pictures, int[] which, Preprocessing preprocessing)
    implements HeldOutImages {

  /** Two releases are told apart by these as well as by all, at a tenth of the cost. */
  private static final int TILES = 16;

  private static final long SEED = 1;

  @Override
  public int size() {
    return which.length;
  }

  @Override
  public HeldOutImages subset(int[] positions) {
    return new HeldOutPictures(
        pictures, Arrays.stream(positions).map(i -> which[i]).toArray(), preprocessing);
  }

  @Override
  public double[] bitsPerDim(ImageScorer scorer, BooleanSupplier stop) {
    double[] sums = new double[size()];
    DatasetLikelihood.measure(
        scorer,
        new Tiles(),
        size() * TILES,
        (index, likelihood) -> sums[index / TILES] += likelihood.bitsPerDim(),
        stop);
    return Arrays.stream(sums).map(sum -> sum / TILES).toArray();
  }

  /** Tiles from all over each picture, a fixed number of each. */
  private final class Tiles implements ImageSource {
    private final ImageSource scaled = new ScaledPictures(pictures, preprocessing);
    private int last = -1;
    private List<PixelImage> tiles = List.of();

    @Override
    public int size() {
      return which.length * TILES;
    }

    @Override
    public synchronized PixelImage image(int index) {
      int picture = index / TILES;
      if (picture != last) {
        PixelImage whole = scaled.image(which[picture]);
        List<Tiling.Corner> corners = preprocessing.corners(whole);
        tiles =
            IntStream.range(0, TILES)
                .mapToObj(i -> corners.get((int) ((i + 0.5) * corners.size() / TILES)))
                .map(corner -> preprocessing.tile(whole, corner))
                .toList();
        last = picture;
      }
      return tiles.get(index % TILES);
    }

    @Override
    public String name(int index) {
      return pictures.name(which[index / TILES]);
    }
  }

  @Override
  public Optional<Calibration> calibration(
      Release release, int evaluations, Execution execution, BooleanSupplier stop) {
    return PictureCalibrator.calibrate(
        release,
        PictureCalibrator.Pictures.of(pictures, which),
        evaluations,
        execution,
        done -> {},
        () -> false,
        stop);
  }

  @Override
  public List<Verdict> verdicts(
      Release calibrated,
      AlertRules rules,
      int evaluations,
      Execution execution,
      BooleanSupplier stop) {
    ImageSource scaled = new ScaledPictures(pictures, preprocessing);
    List<Verdict> verdicts = new ArrayList<>();
    try (ImageScorer scorer =
            new ImageScorer(
                calibrated,
                execution,
                BoundEstimator.served(calibrated, Stages.single(evaluations)));
        Workers workers = new Workers("gate", execution.workers())) {
      TileScorer tiles = new TileScorer(scorer, preprocessing, workers);
      for (int i = 0; i < size() && !stop.getAsBoolean(); i++) {
        PixelImage picture = scaled.image(which[i]);
        verdicts.add(
            rules.of(pictures.source(which[i])).judge(tiles.score(List.of(picture), 0).get(0)));
      }
    }
    return verdicts;
  }

  @Override
  public List<String> sources() {
    return IntStream.range(0, size()).mapToObj(i -> pictures.source(which[i])).toList();
  }

  @Override
  public List<PixelImage> seen(int most) {
    ImageDataset tiles = RandomCrops.tiles(pictures, which, preprocessing, most, SEED);
    return IntStream.range(0, tiles.size()).mapToObj(tiles::image).toList();
  }
}
