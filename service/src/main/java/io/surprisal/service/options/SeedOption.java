package io.surprisal.service.options;

import io.surprisal.service.cli.OwnWords;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** {@code --seed}, of what is drawn by chance: one seed always gives the same. */
public final class SeedOption implements OwnWords {
  private static final String NAME = "--seed";

  private final String meaning;
  private final long usual;

  @Option(names = NAME, paramLabel = "S")
  private long seed;

  /**
   * Of one command.
   *
   * @param meaning what it is the seed of, without a full stop
   * @param usual the default
   */
  public SeedOption(String meaning, long usual) {
    this.meaning = meaning;
    this.usual = usual;
  }

  /** What was asked for. */
  public long value() {
    return seed;
  }

  @Override
  public String option() {
    return NAME;
  }

  @Override
  public void describe(OptionSpec.Builder option) {
    option
        .description(meaning + " (default: ${DEFAULT-VALUE}).")
        .defaultValue(String.valueOf(usual));
  }
}
