package io.surprisal.service.options;

import io.surprisal.model.scoring.Stages;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** {@code --evaluations}, wherever it may name several stages. */
public final class StagesOption {
  private StagesOption() {}

  public static Stages stages(CommandLine command, List<Integer> evaluations) {
    try {
      return new Stages(evaluations);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command, "--evaluations: " + e.getMessage(), e);
    }
  }
}
