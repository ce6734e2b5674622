package io.surprisal.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The options of some commands, as the command itself tells them.
 *
 * @param byCommand the long options of each command, without dashes
 * @param defaults the settings that 'surprisal config' lists, such as {@code score.batch} and
 *     {@code linger}, with their defaults; empty where there is none
 */
record CommandOptions(Map<String, Set<String>> byCommand, Map<String, String> defaults) {

  static final List<String> COMMANDS = List.of("score", "train", "topics", "publish", "camera");

  private static final Pattern OPTION = Pattern.compile("(?m)^ +(?:-\\w, )?--([a-z][a-z-]*)");

  private static CommandOptions asked;

  /** Asks for those of the commands that run in containers; once, since each is a process. */
  static synchronized CommandOptions ask(Path folder) throws IOException, InterruptedException {
    if (asked == null) {
      asked = of(folder, COMMANDS);
    }
    return asked;
  }

  private static CommandOptions of(Path folder, List<String> commands)
      throws IOException, InterruptedException {
    Map<String, Program> answers = new LinkedHashMap<>();
    for (String command : commands) {
      answers.put(command, Program.surprisal(folder, command, "--help"));
    }
    Program config = Program.surprisal(folder, "config", "--json");
    Map<String, Set<String>> byCommand = new TreeMap<>();
    for (Map.Entry<String, Program> answer : answers.entrySet()) {
      Set<String> options = new TreeSet<>();
      OPTION
          .matcher(answer.getValue().succeed().out())
          .results()
          .forEach(found -> options.add(found.group(1)));
      byCommand.put(answer.getKey(), options);
    }
    Map<String, String> defaults = new TreeMap<>();
    for (JsonNode row : new ObjectMapper().readTree(config.succeed().out())) {
      defaults.put(row.get("name").asText(), row.get("value").asText());
    }
    return new CommandOptions(byCommand, defaults);
  }

  /**
   * The options of a command that can be set from outside, by the name that 'surprisal config'
   * calls them.
   */
  Set<String> settings(String command) {
    Set<String> settings = new TreeSet<>();
    for (String option : byCommand.get(command)) {
      if (defaults.containsKey(command + "." + option)) {
        settings.add(command + "." + option);
      } else if (defaults.containsKey(option)) {
        settings.add(option);
      }
    }
    return settings;
  }

  /** Whether a variable sets an option of a command. */
  boolean isSet(String command, String variable) {
    return settings(command).stream()
        .map(setting -> setting.replaceFirst("^" + command + "\\.", ""))
        .anyMatch(
            option ->
                variable.equals(variable(option))
                    || variable.equals(variable(command + "." + option)));
  }

  /** The variable of a setting. */
  static String variable(String setting) {
    return "SURPRISAL_" + setting.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
  }
}
