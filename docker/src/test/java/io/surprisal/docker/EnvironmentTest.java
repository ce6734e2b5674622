package io.surprisal.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code docker/ENVIRONMENT.md} says what the commands, the launcher and the image do. */
@Timeout(120)
class EnvironmentTest {

  private static String document;
  private static CommandOptions options;

  @BeforeAll
  static void ask(@TempDir Path folder) throws Exception {
    document = Files.readString(Path.of("ENVIRONMENT.md"));
    options = CommandOptions.ask(folder);
  }

  @Test
  void shouldHaveARowForEachSettingAndNoOther() {
    Set<String> expected = new TreeSet<>();
    for (String command : CommandOptions.COMMANDS) {
      options.settings(command).forEach(name -> expected.add(CommandOptions.variable(name)));
    }
    expected.add("SURPRISAL_SETTINGS");

    assertThat(rows("## Options").keySet()).isEqualTo(expected);
  }

  @Test
  void shouldNameTheDefaults() {
    Map<String, List<String>> rows = rows("## Options");
    for (String command : CommandOptions.COMMANDS) {
      for (String name : options.settings(command)) {
        assertThat(rows.get(CommandOptions.variable(name)).get(1))
            .as(name)
            .isEqualTo(options.defaults().get(name));
      }
    }
  }

  @Test
  void shouldListWhatTheLauncherReads() throws IOException {
    String launcher = Files.readString(Path.of("..", "bin", "surprisal"));
    Set<String> read = new TreeSet<>();
    Matcher described = Pattern.compile("(?m)^# {3}([A-Z_]+) {2,}").matcher(launcher);
    described.results().forEach(found -> read.add(found.group(1)));
    Matcher exported = Pattern.compile("(?m)^export ([A-Z_]+)=").matcher(launcher);
    exported.results().forEach(found -> read.add(found.group(1)));

    Map<String, List<String>> rows = rows("## The launcher");

    assertThat(rows.keySet()).isEqualTo(read);
    Pattern constant = Pattern.compile("\\$\\{([A-Z_]+):-([A-Za-z0-9]+)}");
    constant
        .matcher(launcher)
        .results()
        .filter(found -> rows.containsKey(found.group(1)))
        .forEach(
            found ->
                assertThat(rows.get(found.group(1)).get(0))
                    .as(found.group(1))
                    .isEqualTo(found.group(2)));
  }

  @Test
  void shouldListWhatTheImageSets() throws IOException {
    String dockerfile = Files.readString(Path.of("Dockerfile")).replaceAll("\\\\\n\\s*", " ");
    Map<String, String> set = new TreeMap<>();
    Matcher lines = Pattern.compile("(?m)^ENV (.*)$").matcher(dockerfile);
    lines
        .results()
        .forEach(
            line -> {
              for (String pair : line.group(1).trim().split("\\s+")) {
                set.put(pair.replaceFirst("=.*", ""), pair.replaceFirst("^[^=]*=", ""));
              }
            });
    set.remove("PATH");

    Map<String, String> said = new TreeMap<>();
    rows("## In the image").forEach((name, cells) -> said.put(name, cells.get(0)));

    assertThat(said).isEqualTo(set);
  }

  @Test
  void shouldNamePropertiesThatKafkaKnows() {
    rows("## Kafka's clients")
        .forEach(
            (variable, cells) -> {
              String property = KubernetesTest.kafkaProperty(variable);
              assertThat(cells.get(0)).startsWith("`" + property + "`");
              assertThat(KubernetesTest.KAFKA_PROPERTIES).contains(property);
            });
  }

  /** The table of a section: the variable in the first column, and the other cells of its row. */
  private static Map<String, List<String>> rows(String heading) {
    assertThat(document).contains("\n" + heading + "\n");
    String section =
        document.split("\n" + Pattern.quote(heading) + "\n", 2)[1].split("\n## ", 2)[0];
    Map<String, List<String>> rows = new TreeMap<>();
    Matcher row = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\|(.*)\\|$").matcher(section);
    row.results()
        .forEach(
            found -> {
              List<String> cells =
                  Pattern.compile("\\|").splitAsStream(found.group(2)).map(String::strip).toList();
              assertThat(rows.put(found.group(1), cells)).as(found.group(1)).isNull();
            });
    assertThat(rows).as(heading).isNotEmpty();
    return rows;
  }
}
