package io.surprisal.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.system.CommandRun;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SurprisalTest {

  @TempDir private Path folder;

  @Test
  void shouldListEveryCommandInItsGroup() {
    CommandRun run = CommandRun.of("--help");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .containsSubsequence("Run\n", "  broker ", "Use\n", "  publish ", "Laboratory\n", "  fit ")
        .contains("Exit codes: 0 done, 1 failed, 2 usage, 3");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void shouldNameVersionAndWhatItIsBuiltWith() {
    CommandRun run = CommandRun.of("--version");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).matches("surprisal \\d.*\\(Kafka \\d.*, DJL \\d.*, PyTorch \\d.*\\)\\R");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "scores --nonsense",
        "publish --source cam",
        "scores --max many",
        "scores --timeout 5",
        "score --release r --alert-rate 1.5",
        "topics --kafka bootstrap.servers=a:1",
        "topics --kafka security.protocol=NONSENSE",
        "topics --bootstrap-server nonsense",
      })
  void shouldEndWithTwoOnWrongUsage(String line) {
    CommandRun run = CommandRun.of(line.isEmpty() ? new String[0] : line.split(" "));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("surprisal").doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "topics",
        "publish --source cam README",
        "scores --max 1",
        "alerts --max 1",
        "dead-letters --max 1"
      })
  @Timeout(10)
  void shouldSayInOneLineThatNoBrokerListens(String line) throws IOException {
    Path image = Files.write(folder.resolve("README"), new byte[] {1});
    String[] args =
        (line.replace("README", image.toString()) + " --bootstrap-server localhost:" + closedPort())
            .split(" ");

    CommandRun run = CommandRun.of(args);

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.errLines()).hasSize(1);
    assertThat(run.err()).contains("no broker answers at localhost:", "'surprisal broker'");
  }

  @Test
  @Timeout(20)
  void shouldGiveUpOnAListenerThatIsNoBroker() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName("localhost"))) {
      CommandRun run =
          CommandRun.of(
              "topics",
              "--connect-timeout",
              "3",
              "--bootstrap-server",
              "localhost:" + silent.getLocalPort());

      assertThat(run.exitCode()).isEqualTo(3);
      assertThat(run.errLines()).hasSize(1);
    }
  }

  @Test
  void shouldNameAReleaseThatIsNotThere() {
    CommandRun run = CommandRun.of("score", "--release", folder.resolve("none").toString());

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.errLines()).hasSize(1);
    assertThat(run.err()).contains(folder.resolve("none").toString());
  }

  @Test
  void shouldNameAFileThatIsNoRelease() throws IOException {
    Path file = Files.writeString(folder.resolve("r.safetensors"), "no release");

    CommandRun run = CommandRun.of("score", "--release", file.toString());

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.errLines()).hasSize(1);
    assertThat(run.err()).contains(file.toString());
  }

  @Test
  void shouldNameAnImageThatIsNotThere() {
    CommandRun run = CommandRun.of("publish", "--source", "cam", folder + "/none.png");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err())
        .isEqualTo("surprisal: no such file or directory: " + folder + "/none.png\n");
  }

  @Test
  void shouldNameASettingsFileThatIsNotThere() {
    CommandRun run = CommandRun.of("config", "--settings", folder + "/none");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).isEqualTo("surprisal: no settings file " + folder + "/none\n");
  }

  @Test
  void shouldNameATakenPort() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("localhost"))) {
      String port = String.valueOf(taken.getLocalPort());

      CommandRun run = CommandRun.of("broker", "--port", port, "--data-dir", folder + "/data");

      assertThat(run.exitCode()).isEqualTo(3);
      assertThat(run.errLines()).hasSize(1);
      assertThat(run.err()).contains("port " + port, "--port");
    }
  }

  @Test
  void shouldNameADirectoryThatCannotBeWritten() throws IOException {
    // A file in its place, because permissions do not hold for root.
    Path file = Files.createFile(folder.resolve("file"));

    CommandRun run = CommandRun.of("broker", "--port", "0", "--data-dir", file.toString());

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.errLines()).hasSize(1);
    assertThat(run.err()).contains(file.toString(), "--data-dir");
  }

  @Test
  void shouldShowAStackTraceOnlyWhenAsked() {
    String[] args = {"publish", "--source", "cam", folder + "/none.png"};

    assertThat(CommandRun.of(args).err()).doesNotContain("\tat ");
    assertThat(CommandRun.of("-v", args[0], args[1], args[2], args[3]).err()).contains("\tat ");
  }

  @Test
  void shouldTellWhereEachSettingComesFrom() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("s.properties"),
            "bootstrap-server=file:1\nscore.alert-rate=0.02\nkafka.sasl.jaas.config=user\nnonsense=1\n");

    CommandRun run =
        CommandRun.of(
            Map.of("SURPRISAL_SCORE_ALERT_RATE", "0.03"),
            new StopSignal(),
            "config",
            "--settings=" + file);

    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .containsPattern("bootstrap-server +file:1 +" + file)
        .containsPattern("score\\.alert-rate +0\\.03 +SURPRISAL_SCORE_ALERT_RATE")
        .containsPattern("kafka\\.sasl\\.jaas\\.config +\\*{8} +" + file)
        .containsPattern("port .*9092 +default|broker\\.port +9092 +default")
        .doesNotContain("user");
    assertThat(run.err()).contains("no option takes 'nonsense'");
  }

  @Test
  void shouldTakeOptionsFromTheEnvironmentUnlessAFlagSaysOtherwise() throws IOException {
    Map<String, String> environment =
        Map.of("SURPRISAL_BOOTSTRAP_SERVER", "localhost:" + closedPort());

    CommandRun fromEnvironment = CommandRun.of(environment, new StopSignal(), "topics");
    CommandRun fromFlag =
        CommandRun.of(environment, new StopSignal(), "topics", "--bootstrap-server", "localhost:1");

    assertThat(fromEnvironment.err()).contains(environment.get("SURPRISAL_BOOTSTRAP_SERVER"));
    assertThat(fromFlag.err()).contains("localhost:1;");
  }

  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
