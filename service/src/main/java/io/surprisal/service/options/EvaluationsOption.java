package io.surprisal.service.options;

import io.surprisal.service.cli.OwnWords;
import io.surprisal.service.cli.Usage;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --evaluations}: how often the network is evaluated, where stages make no sense. */
public final class EvaluationsOption implements OwnWords {
  private static final String NAME = "--evaluations";

  /** As scorers serve. */
  private static final int DEFAULT = 8;

  private final String meaning;
  private final int usual;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = NAME, paramLabel = "K")
  private int evaluations;

  /**
   * Of a command whose default is what scorers serve with.
   *
   * @param meaning what the evaluations are of, without a full stop
   */
  public EvaluationsOption(String meaning) {
    this(meaning, DEFAULT);
  }

  /**
   * Of a command with a default of its own.
   *
   * @param meaning what the evaluations are of, without a full stop
   * @param usual the default, at least 1
   */
  public EvaluationsOption(String meaning, int usual) {
    this.meaning = meaning;
    this.usual = usual;
  }

  /**
   * Refuses what is out of range.
   *
   * @throws ParameterException if it is not at least 1
   */
  public void require() {
    Usage.require(command, evaluations >= 1, NAME + " is " + evaluations + ", must be at least 1");
  }

  /**
   * What was asked for, at least 1.
   *
   * @throws ParameterException as {@link #require} does
   */
  public int value() {
    require();
    return evaluations;
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
