package io.surprisal.service.run;

import io.surprisal.service.cli.Usage;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code --recent}, {@code --sampled}, {@code --kept-bytes}, {@code --held-out} and {@code
 * --max-age}: which images the trainer keeps.
 */
final class ReservoirOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--recent",
      paramLabel = "N",
      defaultValue = "20000",
      description = "Most images of the recent windows together (default: ${DEFAULT-VALUE}).")
  private int recent;

  @Option(
      names = "--sampled",
      paramLabel = "N",
      defaultValue = "20000",
      description =
          "Most images of the uniform samples of all that came (default: ${DEFAULT-VALUE}).")
  private int sampled;

  @Option(
      names = "--kept-bytes",
      paramLabel = "BYTES",
      defaultValue = "" + ReservoirBounds.DEFAULT_BYTES,
      description =
          "Most bytes of both, on disk, a byte a pixel and channel (default: ${DEFAULT-VALUE}).")
  private long keptBytes;

  @Option(
      names = "--held-out",
      paramLabel = "SHARE",
      defaultValue = "0.2",
      description = "Share of the images that is never trained on (default: ${DEFAULT-VALUE}).")
  private double heldOut;

  @Option(
      names = "--max-age",
      paramLabel = "DURATION",
      defaultValue = "720h",
      description = "Older images are dropped (default: ${DEFAULT-VALUE}).")
  private Duration maxAge;

  /**
   * What was asked for.
   *
   * @throws picocli.CommandLine.ParameterException if a value is out of its range
   */
  ReservoirBounds settings() {
    Usage.require(command, recent >= 1, "--recent is " + recent + ", must be at least 1");
    Usage.require(command, sampled >= 0, "--sampled is " + sampled + ", must be at least 0");
    Usage.require(
        command,
        heldOut > 0 && heldOut < 1,
        "--held-out is " + heldOut + ", must be within (0, 1)");
    Usage.require(command, keptBytes >= 1, "--kept-bytes is " + keptBytes + ", must be at least 1");
    return new ReservoirBounds(recent, sampled, heldOut, maxAge, keptBytes);
  }
}
