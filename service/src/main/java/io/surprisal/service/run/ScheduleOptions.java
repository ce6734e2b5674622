package io.surprisal.service.run;

import io.surprisal.service.cli.Usage;
import io.surprisal.trainer.run.ScheduleSettings;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code --first-images}, {@code --minutes}, {@code --every} and {@code --pause}: when the trainer
 * trains, and how long.
 */
final class ScheduleOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--first-images",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Images that the first release is trained from (default: ${DEFAULT-VALUE}).")
  private int firstImages;

  @Option(
      names = "--minutes",
      paramLabel = "M",
      defaultValue = "20",
      description = "Training time of a run (default: ${DEFAULT-VALUE}).")
  private double minutes;

  @Option(
      names = "--every",
      paramLabel = "DURATION",
      defaultValue = "24h",
      description = "Train when no run has ended for this long (default: ${DEFAULT-VALUE}).")
  private Duration every;

  @Option(
      names = "--pause",
      paramLabel = "DURATION",
      defaultValue = "10m",
      description = "Least time between runs that nobody asked for (default: ${DEFAULT-VALUE}).")
  private Duration pause;

  /**
   * What was asked for.
   *
   * @throws picocli.CommandLine.ParameterException if a value is out of its range
   */
  ScheduleSettings settings() {
    Usage.require(command, minutes > 0, "--minutes is " + minutes + ", must be above 0");
    Usage.require(
        command, firstImages >= 1, "--first-images is " + firstImages + ", must be at least 1");
    return new ScheduleSettings(
        firstImages, Duration.ofMillis(Math.round(minutes * 60_000)), every, pause);
  }
}
