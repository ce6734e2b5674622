package io.surprisal.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.service.cli.CommandEntry;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Settings;
import io.surprisal.service.cli.StopSignal;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandGroupsTest {

  private final CommandGroups groups = new CommandGroups();

  /** The commands that are built for a line of arguments. */
  private static Map<String, CommandLine> built(String line) throws IOException {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, UTF_8);
    Invocation invocation =
        new Invocation(
            Surprisal.class,
            nowhere,
            nowhere,
            OptionalInt.empty(),
            Settings.load(Map.of()),
            new StopSignal());
    String[] args = line.isEmpty() ? new String[0] : line.split(" ");
    return Surprisal.commandLine(new Surprisal(), invocation, args).getSubcommands();
  }

  private List<String> names() {
    return groups.all().stream().map(CommandEntry::name).toList();
  }

  @Test
  void shouldCallEveryCommandAsItsAnnotationDoes() throws IOException {
    Map<String, CommandLine> all = built("");

    assertThat(all.keySet()).containsExactlyElementsOf(names());
    assertThat(all)
        .allSatisfy((name, command) -> assertThat(command.getCommandName()).isEqualTo(name));
  }

  @ParameterizedTest
  @CsvSource({
    "inspect a.safetensors, inspect",
    "-v --log-format json -q score --release config, score",
    "--settings a.properties topics --help, topics",
    "--settings=a.properties --log-format=json bench forward, bench",
    "alerts --settings a.properties scores, alerts",
  })
  void shouldBuildTheCommandThatIsNamedAlone(String line, String command) throws IOException {
    assertThat(built(line)).containsOnlyKeys(command);
  }

  @Test
  void shouldBuildACommandWithThoseBelowIt() throws IOException {
    assertThat(built("bench forward").get("bench").getSubcommands())
        .containsKeys("forward", "variance");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--help",
        "-h score",
        "-V score",
        "help score",
        "config",
        "scroe",
        "-vq score",
        "-- score",
        "@arguments score",
        "--settings",
        "--settings score",
        "--settings scores topics",
        "--log-format -v score",
        "--unknown score",
      })
  void shouldBuildAllWhereMoreThanOneMayBeNeeded(String line) throws IOException {
    assertThat(built(line)).containsOnlyKeys(names());
  }
}
