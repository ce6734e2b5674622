package io.surprisal.service.fits;

import io.surprisal.model.fit.Budget;
import io.surprisal.model.fit.Fit;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Progress;
import java.util.Locale;
import java.util.Optional;

/** Progress of a run on the terminal: a bar for the training, one for the calibration. */
public final class FitProgress implements Fit.Listener, AutoCloseable {
  private final Invocation invocation;
  private final long total;
  private final Progress training;
  private Optional<Progress> calibration = Optional.empty();
  private double heldOutBitsPerDim = Double.NaN;
  private int parameters;

  /** A bar over the steps, or over the seconds where only the time is bounded. */
  public FitProgress(Invocation invocation, Budget budget) {
    this.invocation = invocation;
    if (budget instanceof Budget.Time time) {
      total = time.duration().toSeconds();
      training = invocation.progress("fit", total, Progress.SECONDS);
    } else {
      total = steps(budget);
      training = invocation.progress("fit", total, "steps");
    }
  }

  /** Parameters of the network; 0 until the fit has started. */
  public int parameters() {
    return parameters;
  }

  @Override
  public void started(
      ModelConfiguration model, int parameterCount, int trainingImages, int heldOutImages) {
    parameters = parameterCount;
  }

  @Override
  public void step(long step, double fraction, double bitsPerDim, double imagesPerSecond) {
    training.stepTo(Math.round(fraction * total));
    training.message(
        String.format(
            Locale.ROOT,
            "step %d, %.3f bits/dim (held out %.3f), %.1f images/s",
            step,
            bitsPerDim,
            heldOutBitsPerDim,
            imagesPerSecond));
  }

  @Override
  public void measured(TrainingRecord.Point point) {
    heldOutBitsPerDim = point.heldOutBitsPerDim();
  }

  @Override
  public void calibrating(int done, int of) {
    if (calibration.isEmpty()) {
      training.close();
      calibration = Optional.of(invocation.progress("calibrate", of, "images"));
    }
    calibration.get().stepTo(done);
  }

  @Override
  public void close() {
    training.close();
    calibration.ifPresent(Progress::close);
  }

  private static long steps(Budget budget) {
    return budget instanceof Budget.Either either
        ? either.steps().count()
        : ((Budget.Steps) budget).count();
  }
}
