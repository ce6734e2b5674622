package io.surprisal.service.options;

import io.surprisal.model.compression.Arithmetic;
import io.surprisal.model.compression.CompressionSettings;
import io.surprisal.service.cli.Usage;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How images are coded into an archive. A mixin. */
public final class CodingOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--timesteps",
      defaultValue = "100",
      paramLabel = "T",
      description =
          "Evaluations of the network an image: more take longer and fewer bits (default:"
              + " ${DEFAULT-VALUE}).")
  private int timesteps;

  @Option(
      names = "--batch",
      paramLabel = "B",
      description =
          "Images that go through the network at once, each in a message of its own (default: 1 to"
              + " 4, as there are images). Each message costs initial bits.")
  private Optional<Integer> batch = Optional.empty();

  @Option(
      names = "--block",
      defaultValue = "" + CompressionSettings.USUAL_TILES,
      paramLabel = "N",
      description =
          "About how many images, or tiles of larger pictures, lie in a block: what is damaged, and"
              + " what is decoded at once (default: ${DEFAULT-VALUE}).")
  private int block;

  @Option(
      names = "--portable",
      description =
          "Calculate in float64 and round, which machines of other kinds can repeat; takes several"
              + " times as long both ways.")
  private boolean portable;

  /** Refuses values that make no sense. */
  public void require() {
    Usage.require(command, timesteps >= 1, "--timesteps is " + timesteps + ", must be at least 1");
    Usage.require(
        command,
        batch.orElse(1) >= 1 && batch.orElse(1) <= CompressionSettings.MOST_BATCH,
        "--batch is %d, must be 1 to %d"
            .formatted(batch.orElse(1), CompressionSettings.MOST_BATCH));
    Usage.require(command, block >= 1, "--block is " + block + ", must be at least 1");
  }

  /** Of the network's output. */
  public Arithmetic arithmetic() {
    return portable ? Arithmetic.PORTABLE : Arithmetic.FLOAT32;
  }

  /**
   * What they come to.
   *
   * @param pictures about how many an archive will hold
   * @param seed of the initial bits
   */
  public CompressionSettings settings(int pictures, long seed) {
    return new CompressionSettings(
        timesteps,
        batch.orElseGet(() -> CompressionSettings.usualBatch(pictures)),
        block,
        arithmetic(),
        seed);
  }
}
