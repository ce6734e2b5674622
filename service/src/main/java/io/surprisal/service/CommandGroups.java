package io.surprisal.service;

import io.surprisal.service.bench.BenchCommands;
import io.surprisal.service.cli.CommandEntry;
import io.surprisal.service.demo.DemoCommands;
import io.surprisal.service.lab.LabCommands;
import io.surprisal.service.run.RunCommands;
import io.surprisal.service.steer.SteerCommands;
import io.surprisal.service.topics.TopicsCommands;
import io.surprisal.service.web.WebCommands;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** All commands by group, in the order of the help, and which of them arguments need. */
final class CommandGroups {

  /** Commands that tell of all others. */
  static final Set<String> TELLING = Set.of("config", "help");

  private final Map<String, List<CommandEntry>> groups = new LinkedHashMap<>();

  CommandGroups() {
    groups.put("Run", joined(Stream.of(DemoCommands.all(), RunCommands.all(), WebCommands.all())));
    groups.put("Use", joined(Stream.of(TopicsCommands.all(), SteerCommands.all())));
    groups.put("Laboratory", joined(Stream.of(LabCommands.all(), BenchCommands.all())));
    groups.put(
        "Self-description",
        List.of(
            CommandEntry.of("config", ConfigCommand::new),
            CommandEntry.of("help", invocation -> new HelpCommand())));
  }

  private static List<CommandEntry> joined(Stream<List<CommandEntry>> registries) {
    return registries.flatMap(List::stream).toList();
  }

  /** Every command. */
  List<CommandEntry> all() {
    return groups.values().stream().flatMap(List::stream).toList();
  }

  /**
   * The one command that arguments name, or else all: where they ask for help, are not understood,
   * or name a command that tells of the others.
   *
   * @param root what stands before the command's name are options of this
   */
  List<CommandEntry> needed(CommandSpec root, String... args) {
    return named(root, args)
        .filter(entry -> !TELLING.contains(entry.name()))
        .map(List::of)
        .orElseGet(this::all);
  }

  private Optional<CommandEntry> named(CommandSpec root, String... args) {
    for (int i = 0; i < args.length; i++) {
      String[] nameAndValue = args[i].split("=", 2);
      OptionSpec option = root.optionsMap().get(nameAndValue[0]);
      if (option == null) {
        return entry(args[i]);
      }
      if (option.usageHelp() || option.versionHelp()) {
        return Optional.empty();
      }
      if (option.arity().min() > 0 && nameAndValue.length == 1) {
        i++; // its value, unless that was forgotten
        if (i < args.length && (args[i].startsWith("-") || entry(args[i]).isPresent())) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private Optional<CommandEntry> entry(String name) {
    return all().stream().filter(entry -> entry.name().equals(name)).findFirst();
  }

  /**
   * The list of commands in the help.
   *
   * @param built the commands by name
   */
  String help(Map<String, CommandLine> built) {
    int width =
        groups.values().stream()
            .flatMap(Collection::stream)
            .mapToInt(entry -> entry.name().length())
            .max()
            .orElse(0);
    StringBuilder text = new StringBuilder();
    groups.forEach(
        (group, entries) -> {
          text.append(String.format("%n%s%n", group));
          for (CommandEntry entry : entries) {
            Optional.ofNullable(built.get(entry.name()))
                .map(command -> command.getCommandSpec().usageMessage())
                .ifPresent(usage -> text.append(line(entry.name(), width, usage)));
          }
        });
    return text.toString();
  }

  private static String line(String name, int width, UsageMessageSpec usage) {
    String[] lines = usage.header().length > 0 ? usage.header() : usage.description();
    return String.format("  %-" + width + "s  %s%n", name, lines[0]);
  }
}
