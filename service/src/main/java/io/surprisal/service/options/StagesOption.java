package io.surprisal.service.options;

import io.surprisal.model.scoring.Stages;
import io.surprisal.service.cli.OwnWords;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --evaluations}, where it may name several stages. */
public final class StagesOption implements OwnWords {
  private static final String NAME = "--evaluations";

  private final String meaning;
  private final String several;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = NAME, paramLabel = "K[,K…]", split = ",", defaultValue = "8")
  private List<Integer> evaluations = List.of();

  /**
   * Of one command.
   *
   * @param meaning what the evaluations are of, without a full stop
   * @param several what more than one mean, a sentence
   */
  public StagesOption(String meaning, String several) {
    this.meaning = meaning;
    this.several = several;
  }

  /**
   * What was asked for.
   *
   * @throws ParameterException if these are no stages
   */
  public Stages value() {
    return stages(command.commandLine(), evaluations);
  }

  /**
   * What a command asked for with an option of its own.
   *
   * @throws ParameterException if these are no stages
   */
  public static Stages stages(CommandLine command, List<Integer> evaluations) {
    try {
      return new Stages(evaluations);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command, NAME + ": " + e.getMessage(), e);
    }
  }

  @Override
  public String option() {
    return NAME;
  }

  @Override
  public void describe(OptionSpec.Builder option) {
    option.description(meaning + " (default: ${DEFAULT-VALUE}). " + several);
  }
}
