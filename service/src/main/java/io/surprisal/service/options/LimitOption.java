package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageSource;
import io.surprisal.service.cli.OwnWords;
import io.surprisal.service.cli.Usage;
import java.util.OptionalInt;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --limit}: of how many of the images, the first ones, the work is done. */
public final class LimitOption implements OwnWords {
  private static final String NAME = "--limit";

  private final String meaning;
  private final OptionalInt usual;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = NAME, paramLabel = "N")
  private int limit = Integer.MAX_VALUE;

  private LimitOption(String meaning, OptionalInt usual) {
    this.meaning = meaning;
    this.usual = usual;
  }

  /** Of a command that takes all images unless told otherwise. */
  public static LimitOption none() {
    return none("Only the first N images");
  }

  /**
   * Of a command that takes all images unless told otherwise, in words of its own.
   *
   * @param meaning what is done with N images, without a full stop
   */
  public static LimitOption none(String meaning) {
    return new LimitOption(meaning, OptionalInt.empty());
  }

  /** Of a command that takes the first so many unless told otherwise. */
  public static LimitOption of(int usual) {
    return of("Only the first N images", usual);
  }

  /**
   * Of a command that takes the first so many unless told otherwise, in words of its own.
   *
   * @param meaning what is done with N images, without a full stop
   */
  public static LimitOption of(String meaning, int usual) {
    return new LimitOption(meaning, OptionalInt.of(usual));
  }

  /**
   * Refuses too few images.
   *
   * @throws ParameterException if it is less than that
   */
  public void require(int least) {
    Usage.require(command, limit >= least, NAME + " is " + limit + ", must be at least " + least);
  }

  /** The most images to take. */
  public int value() {
    return limit;
  }

  /** How many of these images to take. */
  public int of(ImageSource images) {
    return Math.min(limit, images.size());
  }

  @Override
  public String option() {
    return NAME;
  }

  @Override
  public void describe(OptionSpec.Builder option) {
    usual.ifPresentOrElse(
        n ->
            option
                .description(meaning + " (default: ${DEFAULT-VALUE}).")
                .defaultValue(String.valueOf(n)),
        () -> option.description(meaning + "."));
  }
}
