package io.surprisal.service;

import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Secrets;
import io.surprisal.service.cli.SettingNames;
import io.surprisal.service.cli.Settings;
import io.surprisal.service.cli.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the settings that hold where the command line says nothing, and where they come from. */
@Command(
    name = "config",
    description = "Print the settings that hold and where they come from; secrets are masked.")
final class ConfigCommand implements Callable<Integer> {

  /** A row: a setting, its value, and the environment variable, file or default it comes from. */
  record Row(String name, String value, String origin) {}

  /** A value of an option and where it comes from. */
  private record Held(String value, String origin) {}

  private final Invocation invocation;
  @Mixin private final Output output;
  @Spec private CommandSpec spec;

  @Option(
      names = "--options",
      description =
          "Print every option of every command with key, variable, type, unit and default instead,"
              + " as Markdown; nothing of what is set here.")
  private boolean everyOption;

  ConfigCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() {
    if (everyOption) {
      invocation.out().println(new ConfigurationReference(spec.parent().subcommands()).markdown());
      return 0;
    }
    Map<String, Map<String, Held>> options = new LinkedHashMap<>();
    for (CommandLine command : spec.parent().subcommands().values()) {
      for (OptionSpec option : command.getCommandSpec().options()) {
        if (Settings.takes(option)) {
          String name = Settings.key(option);
          String commandName = command.getCommandName();
          options
              .computeIfAbsent(name, key -> new LinkedHashMap<>())
              .put(commandName, held(commandName, option));
        }
      }
    }
    List<Row> rows = new ArrayList<>();
    options.forEach((name, byCommand) -> rows.addAll(rows(name, byCommand)));
    invocation
        .settings()
        .kafka()
        .forEach(
            (name, setting) ->
                rows.add(new Row("kafka." + name, mask(name, setting.value()), setting.origin())));
    new SettingNames(spec.parent().subcommands())
        .objections(invocation.settings())
        .forEach(objection -> invocation.err().println("surprisal config: " + objection));
    Table table = new Table("setting", "value", "origin");
    rows.forEach(row -> table.row(row.name(), row.value(), row.origin()));
    output.print(rows, table);
    return 0;
  }

  private Held held(String command, OptionSpec option) {
    return invocation
        .settings()
        .find(command, option)
        .map(found -> new Held(found.value(), found.origin()))
        .orElseGet(
            () -> new Held(Optional.ofNullable(option.defaultValue()).orElse(""), "default"));
  }

  /** One row where all commands agree, else one a command. */
  private static List<Row> rows(String name, Map<String, Held> byCommand) {
    Set<Held> different = new LinkedHashSet<>(byCommand.values());
    if (different.size() == 1) {
      Held held = different.iterator().next();
      return List.of(new Row(name, mask(name, held.value()), held.origin()));
    }
    return byCommand.entrySet().stream()
        .map(
            entry ->
                new Row(
                    entry.getKey() + "." + name,
                    mask(name, entry.getValue().value()),
                    entry.getValue().origin()))
        .toList();
  }

  private static String mask(String name, String value) {
    return Secrets.isSecret(name) ? Secrets.MASK : Secrets.withoutPasswords(value);
  }
}
