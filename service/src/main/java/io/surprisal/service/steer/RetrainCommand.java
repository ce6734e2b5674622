package io.surprisal.service.steer;

import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Usage;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Asks the trainer for a run. */
@Command(
    name = "retrain",
    description = "Ask the trainer for a run now; what passes its gate serves.")
final class RetrainCommand implements Callable<Integer> {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final Steering steering;

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description = "Training time (default: as the trainer is set up).")
  private Optional<Double> minutes = Optional.empty();

  @Option(
      names = "--from-scratch",
      description = "Start from new weights (default: from those of the active release).")
  private boolean fromScratch;

  @Option(
      names = "--include-alerted",
      description =
          "Let images that raised alerts take part, but for those whose alerts people confirmed"
              + " (default: they lie in quarantine).")
  private boolean includeAlerted;

  @Option(
      names = "--wait",
      description = "Follow the run to its end (default: until the trainer accepts the command).")
  private boolean wait;

  RetrainCommand(Invocation invocation) {
    this.invocation = invocation;
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    Usage.require(
        spec, minutes.orElse(1.0) > 0, "--minutes is " + minutes.orElse(1.0) + ", must be above 0");
    try (Bar bar = new Bar()) {
      return steering.send(
          steering
              .command(CommandType.RETRAIN)
              .setMinutes(minutes.orElse(null))
              .setFromScratch(fromScratch)
              .setIncludeAlerted(includeAlerted)
              .build(),
          wait,
          bar);
    }
  }

  /** The run's progress, as if it were a local one. */
  private final class Bar implements Consumer<TrainerEvent>, AutoCloseable {
    private Optional<Progress> progress = Optional.empty();
    private long total;

    @Override
    public void accept(TrainerEvent event) {
      if (!wait
          || event.getType() != TrainerEventType.RUN_PROGRESS
          || event.getSecondsLeft() == null) {
        return;
      }
      long left = secondsLeft(event);
      if (progress.isEmpty()) {
        progress = Optional.of(invocation.progress("retrain", left, Progress.SECONDS));
        total = left;
      }
      progress.get().stepTo(Math.max(0, total - left));
      progress
          .get()
          .message(
              String.format(
                  Locale.ROOT,
                  "step %d%s, held out %s bits/dim, %.1f images/s",
                  event.getStep(),
                  event.getReleaseExpectedAt() == null
                      ? ""
                      : ", release expected at " + CLOCK.format(event.getReleaseExpectedAt()),
                  event.getHeldOutBitsPerDim() == null
                      ? "–"
                      : String.format(Locale.ROOT, "%.3f", event.getHeldOutBitsPerDim()),
                  event.getImagesPerSecond()));
    }

    /** To the release where that is known, else to the end of the training. */
    private long secondsLeft(TrainerEvent event) {
      return event.getReleaseExpectedAt() == null
          ? Math.round(event.getSecondsLeft())
          : Duration.between(event.getEventTime(), event.getReleaseExpectedAt()).toSeconds();
    }

    @Override
    public void close() {
      progress.ifPresent(Progress::close);
    }
  }
}
