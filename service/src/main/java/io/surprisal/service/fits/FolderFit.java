package io.surprisal.service.fits;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.Fit;
import io.surprisal.model.fit.FitImages;
import io.surprisal.model.fit.FitRequest;
import io.surprisal.model.fit.PicturePlan;
import io.surprisal.model.fit.Start;
import io.surprisal.model.fit.TrainingPlan;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.options.ExecutionOption;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Pictures of which two thirds make a release, and a third stays unseen by it, neither in training
 * nor in calibration.
 *
 * @param files all of them
 * @param unseen the third, in an order of chance
 * @param images the others, and how they go through the network
 */
public record FolderFit(PictureFiles files, PictureFiles unseen, FitImages.Pictures images) {

  /** With fewer, too few of those held out would calibrate. */
  public static final int FEWEST_PICTURES = 18;

  /** One picture of so many stays unseen. */
  private static final int ONE_UNSEEN_OF = 3;

  /** Of the others: a third of these shows what is usual where, two thirds calibrate. */
  private static final double HELD_OUT = 0.4;

  /**
   * What is to come of it, and when.
   *
   * @param file where the release goes
   * @param evaluations K that it is calibrated for
   * @param seed of initialisation and noise
   * @param start when the time began
   * @param end when the release must be there, calibrated
   */
  public record Order(Path file, int evaluations, long seed, Instant start, Instant end) {}

  /**
   * Parts the pictures by chance, and says how they will go through the network.
   *
   * @param wishes what the user has set
   * @param name what to call them in the release
   */
  public static FolderFit of(
      PictureFiles files, PicturePlan.Wishes wishes, String name, long seed) {
    int[] order = shuffled(files.size(), seed);
    int left = files.size() / ONE_UNSEEN_OF;
    return new FolderFit(
        files,
        files.subset(Arrays.copyOf(order, Math.max(1, left))),
        PictureFits.tiled(
            files.subset(Arrays.copyOfRange(order, left, order.length)),
            wishes,
            name,
            HELD_OUT,
            Calibrator.DEFAULT_IMAGES));
  }

  /** Whether there are enough pictures for a calibration. */
  public boolean calibrates() {
    return images.calibrating() >= Calibrator.FEWEST_IMAGES;
  }

  /**
   * The smallest alert rate that a calibration of so many images allows; at least what is wanted.
   */
  public static double alertRate(double wanted, int calibrationImages) {
    return Math.max(wanted, 1.0 / (calibrationImages + 1));
  }

  /** Fits the release, with its progress on the terminal; the wish to stop ends it early. */
  public Release fit(
      Invocation invocation, ExecutionOption execution, InstantSource clock, Order order)
      throws IOException {
    TorchRuntime.preferOperatorThreads(1);
    Duration time = Duration.between(order.start(), order.end());
    Budget budget = new Budget.Time(time);
    FitConfiguration configuration =
        PictureFits.planned(
            images,
            budget,
            Map.of(),
            execution.device(),
            new TrainingPlan.Measuring(
                clock,
                order.start().plusMillis((long) (PictureFits.MEASURING * time.toMillis())),
                invocation.stop()::requested));
    FitRequest request =
        new FitRequest(
            images,
            configuration,
            new Start.Anew(),
            budget,
            order.seed(),
            execution.forModel(configuration.model(images.preprocessing().shape())),
            new FitRequest.Outcome(
                order.file(),
                FitRequest.Weights.AVERAGED,
                order.evaluations(),
                Calibrator.DEFAULT_IMAGES,
                Optional.empty(),
                Optional.of(order.end())));
    try (FitProgress display = new FitProgress(invocation, budget)) {
      return new Fit(request, display, invocation.stop()::requested, clock).run();
    }
  }

  /** The numbers below a size, in an order of chance. */
  public static int[] shuffled(int size, long seed) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, size).boxed().toList());
    Collections.shuffle(order, new Random(seed));
    return order.stream().mapToInt(i -> i).toArray();
  }
}
