package io.surprisal.service.run;

import io.surprisal.service.cli.Usage;
import io.surprisal.trainer.release.CanarySettings;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code --canary…}: whether and how a release is tried on live traffic before it serves. */
final class CanaryOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--canary",
      paramLabel = "SHARE",
      description =
          "Let what passes the gate score this share of the live images too, beside the active"
              + " release, before it serves (default: it serves at once).")
  private Optional<Double> canaryShare = Optional.empty();

  @Option(
      names = "--canary-images",
      paramLabel = "N",
      defaultValue = "" + CanarySettings.DEFAULT_IMAGES,
      description =
          "Images that both have scored when it is decided whether it serves (default:"
              + " ${DEFAULT-VALUE}).")
  private long canaryImages;

  @Option(
      names = "--canary-time",
      paramLabel = "DURATION",
      defaultValue = "1h",
      description =
          "What has not scored so many after this long is refused (default: ${DEFAULT-VALUE}).")
  private Duration canaryTime;

  /**
   * What was asked for.
   *
   * @throws picocli.CommandLine.ParameterException if a value is out of its range
   */
  CanarySettings settings() {
    Usage.require(
        command,
        canaryShare.map(share -> share > 0 && share <= 1).orElse(true),
        "--canary is " + canaryShare.orElse(0.0) + ", must be within (0, 1]");
    Usage.require(
        command, canaryImages >= 2, "--canary-images is " + canaryImages + ", must be at least 2");
    return new CanarySettings(
        canaryShare.map(OptionalDouble::of).orElse(OptionalDouble.empty()),
        canaryImages,
        canaryTime);
  }
}
