package io.surprisal.service.bench;

import io.surprisal.service.cli.OwnWords;
import io.surprisal.service.cli.Usage;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code --images} and {@code --rounds}, where throughput is measured of several kinds in turn. */
final class ThroughputOptions implements OwnWords {
  private static final String IMAGES = "--images";

  private final int usualImages;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = IMAGES, paramLabel = "N")
  private int images;

  @Option(
      names = "--rounds",
      defaultValue = "3",
      paramLabel = "N",
      description = "Runs of each kind, in turn (default: ${DEFAULT-VALUE}).")
  private int rounds;

  /**
   * Of one command.
   *
   * @param usualImages the default, at least 100
   */
  ThroughputOptions(int usualImages) {
    this.usualImages = usualImages;
  }

  /** Refuses what is out of range. */
  void require() {
    Usage.require(command, images >= 100, IMAGES + " is " + images + ", must be at least 100");
    Usage.require(
        command, rounds >= 1 && rounds <= 100, "--rounds is " + rounds + ", must be 1 to 100");
  }

  /** Images of a run. */
  int images() {
    return images;
  }

  int rounds() {
    return rounds;
  }

  @Override
  public String option() {
    return IMAGES;
  }

  @Override
  public void describe(OptionSpec.Builder option) {
    option
        .description("Images of a throughput run (default: ${DEFAULT-VALUE}).")
        .defaultValue(String.valueOf(usualImages));
  }
}
