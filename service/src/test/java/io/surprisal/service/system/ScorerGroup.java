package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The members of one group, {@code surprisal score} in processes of their own, each with a name and
 * a state directory that it keeps over restarts; some run, some do not. All are killed in the end.
 */
final class ScorerGroup implements AutoCloseable {

  /** A member that starts while others are at work may wait long for its turn on the processor. */
  private static final Map<String, String> PATIENCE =
      Map.of("request.timeout.ms", "30000", "default.api.timeout.ms", "60000");

  /** Of {@code surprisal score} unless told otherwise. */
  static final String APPLICATION = "surprisal-score";

  private final Path folder;
  private final String servers;
  private final LoadRelease release;
  private final Map<String, CommandProcess> running = new TreeMap<>();
  private final List<CommandProcess> all = new ArrayList<>();

  ScorerGroup(Path folder, String servers, LoadRelease release) {
    this.folder = folder;
    this.servers = servers;
    this.release = release;
  }

  /** Names of those that run. */
  List<String> running() {
    return List.copyOf(running.keySet());
  }

  void start(String name) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "score", "--bootstrap-server", servers, "--release", release.file().toString()));
    command.addAll(
        List.of(
            "--evaluations", "" + release.evaluations(), "--alert-rate", "0.2", "--device", "cpu"));
    command.addAll(List.of("--statistics-window", "1s"));
    command.addAll(List.of("--state-dir", folder.resolve("state-" + name).toString()));
    Map<String, String> kafka = new TreeMap<>(BatchingMember.QUICK_TAKEOVER);
    kafka.putAll(PATIENCE);
    kafka.forEach((key, value) -> command.addAll(List.of("--kafka", key + "=" + value)));
    CommandProcess member = CommandProcess.start(folder, command.toArray(String[]::new));
    running.put(name, member);
    all.add(member);
  }

  /** kill −9. */
  void kill(String name) throws InterruptedException {
    running.remove(name).kill();
  }

  /** SIGTERM, which must be obeyed in order. */
  void terminate(String name) throws Exception {
    CommandProcess member = running.remove(name);
    assertThat(member.terminate()).as("exit code of %s on SIGTERM", name).isEqualTo(143);
  }

  /** What ends a member is the test alone. */
  void requireAlive() throws IOException {
    for (CommandProcess member : running.values()) {
      member.requireAlive();
    }
  }

  /** How often partitions came with images that were pending when their owner ended. */
  long rangesReadAgain() throws IOException {
    long ranges = 0;
    for (CommandProcess member : all) {
      ranges += member.err().lines().filter(line -> line.contains("are read again")).count();
    }
    return ranges;
  }

  @Override
  public void close() throws InterruptedException {
    for (CommandProcess member : all) {
      member.close();
    }
  }
}
