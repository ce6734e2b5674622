package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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

  /** Lines that say nothing of what holds a member up. */
  private static final Pattern ROUTINE = Pattern.compile("NNPACK|: Alert |became a dead letter");

  private static final int LAST_LINES = 12;
  private static final int FRAMES = 12;

  private final Path folder;
  private final String servers;
  private final LoadRelease release;
  private final Map<String, String> environment;
  private final Map<String, CommandProcess> running = new TreeMap<>();
  private final List<CommandProcess> all = new ArrayList<>();

  ScorerGroup(Path folder, String servers, LoadRelease release) {
    this(folder, servers, release, Map.of());
  }

  /**
   * @param environment variables of the members beside those of this process
   */
  ScorerGroup(Path folder, String servers, LoadRelease release, Map<String, String> environment) {
    this.environment = environment;
    this.folder = folder;
    this.servers = servers;
    this.release = release;
  }

  /** Names of those that run. */
  List<String> running() {
    return List.copyOf(running.keySet());
  }

  void start(String name) throws IOException {
    started(name, CommandProcess.startIn(environment, folder, arguments(name)));
  }

  /**
   * As another version.
   *
   * @param program its command
   */
  void start(String name, Path program) throws IOException {
    started(name, CommandProcess.startProgram(program, folder, arguments(name)));
  }

  private void started(String name, CommandProcess member) {
    running.put(name, member);
    all.add(member);
  }

  private String[] arguments(String name) {
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
    return command.toArray(String[]::new);
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

  /** Waits until a member ends by a failure; returns what it has said. */
  String awaitFailure(String name) throws Exception {
    CommandProcess member = running.remove(name);
    assertThat(member.awaitEnd()).as("exit code of %s", name).isEqualTo(1);
    return member.err();
  }

  /** What ends a member is the test alone. */
  void requireAlive() throws IOException {
    for (CommandProcess member : running.values()) {
      member.requireAlive();
    }
  }

  /** Waits until so many more are written; what ends a member meanwhile is the test alone. */
  void awaitMore(Records.Follower written, int more, Duration patience) throws Exception {
    int enough = written.poll().size() + more;
    await()
        .atMost(patience)
        .until(
            () -> {
              requireAlive();
              return written.poll().size() >= enough;
            });
  }

  /**
   * What those that run have said last, and what their stream threads do: for a test that fails.
   */
  String state() throws IOException {
    StringBuilder state = new StringBuilder();
    for (Map.Entry<String, CommandProcess> member : running.entrySet()) {
      List<String> said =
          member.getValue().err().lines().filter(line -> !ROUTINE.matcher(line).find()).toList();
      state.append("%n%s said last:%n".formatted(member.getKey()));
      said.subList(Math.max(0, said.size() - LAST_LINES), said.size())
          .forEach(line -> state.append("%.240s%n".formatted(line)));
      Stream.of(member.getValue().threads().split("\n\n"))
          .filter(thread -> thread.contains("StreamThread-") || thread.startsWith("\"scorer-"))
          .filter(thread -> !thread.contains("kafka-coordinator-heartbeat"))
          .map(thread -> thread.lines().limit(FRAMES).collect(Collectors.joining("\n")))
          .forEach(thread -> state.append(thread).append('\n'));
    }
    return state.toString();
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
