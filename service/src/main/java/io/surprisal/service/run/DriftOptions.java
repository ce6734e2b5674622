package io.surprisal.service.run;

import io.surprisal.service.cli.Usage;
import io.surprisal.trainer.drift.DriftSensitivity;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code --drift-…}: which shift of the scores is a lasting one. */
final class DriftOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--drift-images",
      paramLabel = "N",
      defaultValue = "1000",
      description =
          "A shift of the scores counts once it lasts for so many images (default:"
              + " ${DEFAULT-VALUE}).")
  private int driftImages;

  @Option(
      names = "--drift-time",
      paramLabel = "DURATION",
      defaultValue = "5m",
      description = "and for this long (default: ${DEFAULT-VALUE}).")
  private Duration driftTime;

  @Option(
      names = "--drift-false-alarms",
      paramLabel = "N",
      defaultValue = "1000000",
      description =
          "Images between two false alarms of the drift test, on average, at least (default:"
              + " ${DEFAULT-VALUE}).")
  private double falseAlarms;

  /**
   * What was asked for.
   *
   * @throws picocli.CommandLine.ParameterException if a value is out of its range
   */
  DriftSensitivity settings() {
    Usage.require(
        command, driftImages >= 1, "--drift-images is " + driftImages + ", must be at least 1");
    Usage.require(
        command, falseAlarms > 1, "--drift-false-alarms is " + falseAlarms + ", must be above 1");
    return new DriftSensitivity(falseAlarms, driftImages, driftTime);
  }
}
