package io.surprisal.service;

import io.surprisal.service.cli.SettingNames;
import io.surprisal.service.cli.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The page that lists every option of every command, with what sets it outside the command line,
 * made from the options themselves, as Markdown. It says the same wherever and with whatever
 * settings it is made.
 */
final class ConfigurationReference {
  /** An option that so many commands have alike is said once. */
  private static final int COMMON = 3;

  private static final Pattern DEFAULT =
      Pattern.compile("\\s*\\(default: ([^()]*(?:\\([^()]*\\)[^()]*)*)\\)");

  private static final Map<String, String> UNITS =
      Map.ofEntries(
          Map.entry("MS", "milliseconds"),
          Map.entry("M", "minutes"),
          Map.entry("S", "seconds"),
          Map.entry("BYTES", "bytes"),
          Map.entry("BITS", "bits/dim"),
          Map.entry("PX", "pixels"),
          Map.entry("PIXELS", "pixels"),
          Map.entry("SHARE", "share, 0 to 1"),
          Map.entry("RATE", "share, 0 to 1"),
          Map.entry("HxW", "pixels"),
          Map.entry("CxHxW", "channels, pixels"));

  private static final String HEAD =
      """
      # Configuration

      Every option of every command, and what sets it outside the command line. Made by `surprisal config --options` from the
      options themselves: not to be edited by hand.

      An option `--alert-rate` of the command `score` is taken from the command line, or else from the environment
      (`SURPRISAL_SCORE_ALERT_RATE`, then `SURPRISAL_ALERT_RATE`), or else from the settings file (`score.alert-rate`, then
      `alert-rate`). The tables name the key that sets it for all commands that have it; the command's name and a point before it
      make it that command's own. What has no key is given on the command line alone. A name that is no option's ends a command
      with exit code 2 and the nearest name. `surprisal config` shows what holds here, and where it comes from.

      Times are written `30s`, `5m` or `24h`. Properties of Kafka's clients are `kafka.NAME` in the file, and
      `SURPRISAL_KAFKA_NAME` in the environment, with `_` for the points of their names. What the launcher and the containers
      look at beside is in [docker/ENVIRONMENT.md](../docker/ENVIRONMENT.md).
      """;

  private final Map<Row, List<String>> commandsByRow = new LinkedHashMap<>();
  private final Map<String, List<Row>> rowsByCommand = new LinkedHashMap<>();

  /** What is said of an option, but for the command that it belongs to. */
  private record Row(
      String option, String key, String type, String unit, String usual, String what) {
    static final String HEADER =
        """
        | option | key | variable | type | unit or form | default | what |
        | --- | --- | --- | --- | --- | --- | --- |
        """;

    String line() {
      return "| %s | %s | %s | %s | %s | %s | %s |\n"
          .formatted(
              code(option),
              code(key),
              key.isEmpty() ? "" : code(SettingNames.variable(key)),
              type,
              unit,
              usual,
              what);
    }

    private static String code(String text) {
      return text.isEmpty() ? "" : "`" + text + "`";
    }
  }

  /**
   * @param commands all of them
   */
  ConfigurationReference(Map<String, CommandLine> commands) {
    add("", commands);
  }

  private void add(String parents, Map<String, CommandLine> commands) {
    commands
        .values()
        .forEach(
            command -> {
              String name = parents + command.getCommandName();
              for (OptionSpec option : command.getCommandSpec().options()) {
                if (!option.hidden() && !option.usageHelp() && !option.versionHelp()) {
                  Row row = row(option);
                  commandsByRow.computeIfAbsent(row, any -> new ArrayList<>()).add(name);
                  rowsByCommand.computeIfAbsent(name, any -> new ArrayList<>()).add(row);
                }
              }
              add(name + " ", command.getSubcommands());
            });
  }

  private static Row row(OptionSpec option) {
    String said = String.join(" ", option.description());
    Matcher usual = DEFAULT.matcher(said);
    return new Row(
        option.longestName(),
        Settings.takes(option) ? Settings.key(option) : "",
        type(option),
        unit(option),
        cell(
            Optional.ofNullable(option.defaultValue())
                .or(() -> usual.find() ? Optional.of(usual.group(1)) : Optional.empty())
                .orElse(type(option).equals("switch") ? "false" : "")),
        cell(DEFAULT.matcher(said).replaceAll("")));
  }

  private static String type(OptionSpec option) {
    Class<?> type =
        option.isMultiValue() || option.type() == Optional.class
            ? option.auxiliaryTypes()[0]
            : option.type();
    String name;
    if (type == boolean.class || type == Boolean.class) {
      name = "switch";
    } else if (List.of(int.class, Integer.class, long.class, Long.class).contains(type)) {
      name = "whole number";
    } else if (List.of(double.class, Double.class, float.class, Float.class).contains(type)) {
      name = "number";
    } else if (type == Duration.class || type == Instant.class) {
      name = "time";
    } else if (type == Path.class) {
      name = "path";
    } else if (type.isEnum()) {
      name =
          Arrays.stream(type.getEnumConstants())
              .map(constant -> constant.toString().toLowerCase(Locale.ROOT))
              .collect(Collectors.joining(", "));
    } else {
      name = "text";
    }
    return option.isMultiValue() ? name + ", repeatable" : name;
  }

  private static String unit(OptionSpec option) {
    String form = option.paramLabel();
    boolean isSeed = form.equals("S") && option.longestName().equals("--seed");
    return isSeed || type(option).equals("switch") ? "" : cell(UNITS.getOrDefault(form, form));
  }

  private static String cell(String text) {
    return text.replace("%n", " ").replaceAll("\\s+", " ").replace("|", "\\|").strip();
  }

  /** The page, without the line end of its last line. */
  String markdown() {
    StringBuilder page = new StringBuilder(HEAD);
    page.append("\n## Of several commands\n\n").append(Row.HEADER);
    commandsByRow
        .keySet()
        .forEach(
            row -> {
              if (isCommon(row)) {
                page.append(row.line());
              }
            });
    rowsByCommand.forEach(
        (command, rows) -> {
          page.append("\n## ").append(command).append("\n\n");
          String common =
              rows.stream()
                  .filter(this::isCommon)
                  .map(row -> "`" + row.option() + "`")
                  .collect(Collectors.joining(", "));
          List<Row> own = rows.stream().filter(row -> !isCommon(row)).toList();
          if (!own.isEmpty()) {
            page.append(Row.HEADER);
            own.forEach(row -> page.append(row.line()));
          }
          if (!common.isEmpty()) {
            page.append(own.isEmpty() ? "" : "\n")
                .append("As others: ")
                .append(common)
                .append(".\n");
          }
        });
    return page.toString().stripTrailing();
  }

  /** Of options that are called alike only what the most commands mean by it. */
  private boolean isCommon(Row row) {
    int commands = commands(row);
    return commands >= COMMON
        && commandsByRow.keySet().stream()
            .filter(other -> other.option().equals(row.option()) && !other.equals(row))
            .allMatch(other -> commands(other) < commands);
  }

  private int commands(Row row) {
    return commandsByRow.getOrDefault(row, List.of()).size();
  }
}
