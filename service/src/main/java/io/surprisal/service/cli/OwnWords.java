package io.surprisal.service.cli;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A mixin of an option that is the same in many commands, in name, kind and range, while what it is
 * for, and its default, are each command's own. An annotation cannot say that; the mixin does, once
 * {@link #apply} asks it.
 */
public interface OwnWords {

  /** The option's name, with its dashes. */
  String option();

  /** Gives the option the description and, where there is one, the default of this command. */
  void describe(OptionSpec.Builder option);

  /**
   * Lets every such mixin of a command describe its option, those of its mixins too. The options'
   * order stays; none of them may be in a group.
   */
  static void apply(CommandSpec command) {
    Map<String, OwnWords> words =
        of(command).collect(Collectors.toMap(OwnWords::option, mixin -> mixin));
    if (words.isEmpty()) {
      return;
    }
    List<OptionSpec> options =
        command.options().stream().filter(option -> option.group() == null).toList();
    options.forEach(command::remove);
    options.forEach(
        option ->
            command.addOption(
                words.containsKey(option.longestName())
                    ? described(option, words.get(option.longestName()))
                    : option));
  }

  private static OptionSpec described(OptionSpec option, OwnWords words) {
    OptionSpec.Builder builder = OptionSpec.builder(option);
    words.describe(builder);
    return builder.build();
  }

  private static Stream<OwnWords> of(CommandSpec spec) {
    return spec.mixins().values().stream()
        .flatMap(
            mixin ->
                mixin.userObject() instanceof OwnWords words
                    ? Stream.concat(Stream.of(words), of(mixin))
                    : of(mixin));
  }
}
