package io.surprisal.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code bin/surprisal} in a house of its own, with a JDK and a Maven that only say what they do.
 */
@DisabledOnOs(OS.WINDOWS)
@Timeout(60)
class LauncherTest {

  @TempDir private Path folder;
  private Path house;
  private Path jdk;
  private Path path;

  @BeforeEach
  void build() throws IOException {
    house = Files.createDirectories(folder.resolve("a house"));
    jdk = Files.createDirectories(folder.resolve("jdk"));
    path = Files.createDirectories(folder.resolve("path"));
    Files.createDirectories(house.resolve("bin"));
    Files.copy(
        Path.of("..", "bin", "surprisal"),
        house.resolve("bin/surprisal"),
        StandardCopyOption.COPY_ATTRIBUTES);
    script(jdk.resolve("bin/java"), "printf '%s\\n' \"$@\"");
    script(jdk.resolve("bin/javac"), "exit 0");
    java("17.0.15");
    script(
        path.resolve("mvn"),
        """
        echo built >>"$PWD/builds"
        sleep 0.3
        mkdir -p service/target/surprisal/lib
        touch service/target/surprisal/lib/surprisal-service.jar
        touch service/target/surprisal/lib/a.jar
        echo lib/a.jar >service/target/surprisal/classpath""");
  }

  @Test
  void shouldBuildOnceAndPassOnWhatTheUserSays() throws Exception {
    Run first = run(Map.of("SURPRISAL_HEAP", "77m"), "scores", "--source", "a b");
    Run second = run(Map.of("SURPRISAL_JAVA_OPTS", "-Da=1 -Db=2"), "topics");

    assertThat(first.exitCode).as(first.err).isZero();
    assertThat(first.err).contains("building in " + house, "downloads");
    assertThat(first.out.lines())
        .contains("-Xmx77m", "-Dai.djl.offline=true")
        .containsSubsequence(
            "-cp",
            house
                + "/service/target/surprisal/lib/surprisal-service.jar:"
                + house
                + "/service/target/surprisal/lib/a.jar",
            "io.surprisal.service.Surprisal",
            "scores",
            "--source",
            "a b");
    assertThat(second.err).isEmpty();
    assertThat(second.out.lines())
        .contains("-Xmx2g", "-Da=1", "-Db=2")
        .doesNotContain("--enable-native-access=ALL-UNNAMED");
    assertThat(builds()).hasSize(1);
  }

  @Test
  void shouldCompileLittleBesideANetworkUnlessTheUserSaysOtherwise() throws Exception {
    String little = "-XX:TieredStopAtLevel=1";

    assertThat(run(Map.of(), "score", "--device", "cpu").out.lines()).contains(little);
    assertThat(run(Map.of(), "bench", "stream").out.lines()).contains(little);
    assertThat(run(Map.of(), "bench", "train").out.lines()).doesNotContain(little);
    assertThat(run(Map.of(), "fit").out.lines()).doesNotContain(little);
    String all = "-XX:TieredStopAtLevel=4";
    assertThat(run(Map.of("SURPRISAL_JAVA_OPTS", all), "score").out.lines())
        .as("the last one holds")
        .containsSubsequence(little, all);
  }

  @Test
  void shouldBuildAgainWhereAJarLacks() throws Exception {
    run(Map.of(), "topics");
    Files.delete(house.resolve("service/target/surprisal/lib/a.jar"));

    assertThat(run(Map.of(), "topics").exitCode).isZero();
    assertThat(builds()).hasSize(2);
  }

  @Test
  @DisabledOnOs(value = OS.MAC, disabledReason = "macOS has no flock")
  void shouldBuildOnceForSeveralFirstStarts() throws Exception {
    List<Process> starts = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      starts.add(start(Map.of(), "topics"));
    }
    for (Process start : starts) {
      assertThat(start.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(start.exitValue()).isZero();
    }
    assertThat(builds()).hasSize(1);
  }

  @Test
  void shouldStartThroughALink() throws Exception {
    Path link = folder.resolve("surprisal");
    Files.createSymbolicLink(link, Path.of("a house", "bin", "surprisal"));

    Process process = start(link, Map.of(), "topics");

    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    assertThat(builds()).hasSize(1);
  }

  @Test
  void shouldAllowNativeAccessWhereJavaAsksForIt() throws Exception {
    java("25");

    assertThat(run(Map.of(), "topics").out.lines()).contains("--enable-native-access=ALL-UNNAMED");
  }

  @Test
  void shouldSayWhichJavaItWants() throws Exception {
    java("11.0.2");
    Run old = run(Map.of(), "topics");
    java("1.8.0_402");
    Run older = run(Map.of(), "topics");
    Run none = run(Map.of("JAVA_HOME", folder + "/nowhere"), "topics");

    assertThat(old.exitCode).isEqualTo(3);
    assertThat(old.err.lines()).hasSize(1);
    assertThat(old.err).contains("Java 11 is too old; install a JDK 17");
    assertThat(older.err).contains("Java 8 is too old");
    assertThat(none.exitCode).isEqualTo(3);
    assertThat(none.err).contains("no Java at", "install a JDK 17");
  }

  @Test
  void shouldSayThatMavenLacks() throws Exception {
    Files.delete(path.resolve("mvn"));

    Run run = run(Map.of("PATH", toolsWithoutMaven()), "topics");

    assertThat(run.exitCode).isEqualTo(3);
    assertThat(run.err.lines()).hasSize(1);
    assertThat(run.err).contains("Maven is not installed");
  }

  @Test
  void shouldSayThatTheBuildFailed() throws Exception {
    script(path.resolve("mvn"), "echo broken; exit 1");

    Run run = run(Map.of(), "topics");

    assertThat(run.exitCode).isEqualTo(3);
    assertThat(run.out).isEmpty();
    assertThat(run.err).contains("broken", "the build failed");
  }

  private record Run(int exitCode, String out, String err) {}

  private Run run(Map<String, String> environment, String... args) throws Exception {
    Process process = start(environment, args);
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
    return new Run(process.waitFor(), out, err);
  }

  private Process start(Map<String, String> environment, String... args) throws IOException {
    return start(house.resolve("bin/surprisal"), environment, args);
  }

  private Process start(Path launcher, Map<String, String> environment, String... args)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("PATH", path + ":" + System.getenv("PATH"));
    builder.environment().put("JAVA_HOME", jdk.toString());
    builder.environment().putAll(environment);
    return builder.start();
  }

  private void java(String version) throws IOException {
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(house.resolve("builds"));
  }

  /** A path with the tools that the launcher uses, and nothing else. */
  private String toolsWithoutMaven() throws IOException {
    for (String tool :
        List.of("env", "bash", "dirname", "readlink", "sed", "head", "tr", "mkdir", "cat")) {
      for (String folderOnPath : System.getenv("PATH").split(":", -1)) {
        Path found = Path.of(folderOnPath, tool);
        if (Files.isExecutable(found) && !Files.exists(path.resolve(tool))) {
          script(path.resolve(tool), "exec " + found + " \"$@\"");
        }
      }
    }
    return path.toString();
  }

  private static void script(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}
