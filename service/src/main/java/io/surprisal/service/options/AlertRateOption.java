package io.surprisal.service.options;

import io.surprisal.service.cli.OwnWords;
import io.surprisal.service.cli.Usage;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --alert-rate}: the share of normal images that may alert, by default 1 %. */
public final class AlertRateOption implements OwnWords {
  private static final String NAME = "--alert-rate";

  private final String label;
  private final String meaning;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = NAME, defaultValue = "0.01")
  private double alertRate;

  /**
   * Of one command.
   *
   * @param label what the help calls the value
   * @param meaning what the rate is of, without a full stop
   */
  public AlertRateOption(String label, String meaning) {
    this.label = label;
    this.meaning = meaning;
  }

  /**
   * Refuses what is out of range.
   *
   * @throws ParameterException if it is not within (0, 1)
   */
  public void require() {
    Usage.require(
        command,
        alertRate > 0 && alertRate < 1,
        NAME + " is " + alertRate + ", must be within (0, 1)");
  }

  /**
   * What was asked for, within (0, 1).
   *
   * @throws ParameterException as {@link #require} does
   */
  public double value() {
    require();
    return alertRate;
  }

  @Override
  public String option() {
    return NAME;
  }

  @Override
  public void describe(OptionSpec.Builder option) {
    option.paramLabel(label).description(meaning + " (default: ${DEFAULT-VALUE}).");
  }
}
