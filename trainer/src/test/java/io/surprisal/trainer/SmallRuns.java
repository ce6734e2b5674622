package io.surprisal.trainer;

import ai.djl.Device;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.Fit;
import io.surprisal.model.fit.FitImages;
import io.surprisal.model.fit.FitRequest;
import io.surprisal.model.fit.HeldOut;
import io.surprisal.model.fit.PicturePlan;
import io.surprisal.model.fit.Start;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.trainer.release.GateSettings;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import io.surprisal.trainer.run.RunSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalInt;

/** The smallest network that learns something of the camera's frames, and runs that train it. */
public final class SmallRuns {
  public static final int EVALUATIONS = 4;

  public static final ReservoirBounds BOUNDS =
      new ReservoirBounds(1000, 1000, 0.3, Duration.ofDays(1), 1L << 30);

  public static final FitConfiguration FIT =
      FitConfiguration.parse(
          "{\"embedding\": 8, \"blocks\": 1, \"groups\": 4, \"batch\": 8,"
              + " \"schedule\": \"LEARNED_SCALAR\", \"learningRate\": 0.01, \"warmupSteps\": 10}");

  /** Nothing is set of how pictures are seen. */
  public static final PicturePlan.Wishes NO_WISHES =
      new PicturePlan.Wishes(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty());

  private SmallRuns() {}

  /** Runs of {@link #FIT}. */
  public static RunSettings runs() {
    return runs(Optional.of(FIT), NO_WISHES);
  }

  /** Runs of a configuration, on pictures that are seen as set. */
  public static RunSettings runs(
      Optional<FitConfiguration> configuration, PicturePlan.Wishes pictures) {
    return new RunSettings(
        "test.images",
        configuration,
        pictures,
        Device.cpu(),
        1,
        new GateSettings(0.01, EVALUATIONS, 0.05),
        "surprisal test");
  }

  /** Trains for some steps, from new weights or those of a parent. */
  public static Release train(Path file, ImageDataset images, int steps, Optional<Release> parent)
      throws IOException {
    FitRequest request =
        new FitRequest(
            new FitImages.Whole(images, "frames", new HeldOut.Share(0)),
            FIT,
            parent.<Start>map(Start.From::new).orElseGet(Start.Anew::new),
            new Budget.Steps(steps),
            1,
            Execution.CPU,
            new FitRequest.Outcome(
                file, FitRequest.Weights.AVERAGED, EVALUATIONS, 0, Optional.empty()));
    return new Fit(request, new Silent(), () -> false, InstantSource.system()).run();
  }

  private static final class Silent implements Fit.Listener {
    @Override
    public void started(ModelConfiguration model, int parameters, int training, int heldOut) {}

    @Override
    public void step(long step, double fraction, double bitsPerDim, double imagesPerSecond) {}

    @Override
    public void measured(TrainingRecord.Point point) {}

    @Override
    public void calibrating(int done, int of) {}
  }
}
