package io.surprisal.service.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import io.surprisal.service.Surprisal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The command, or another program, in a JVM of its own, which can be killed. */
final class CommandProcess implements AutoCloseable {

  /** MiB. */
  private static final int HEAP = 512;

  private final Process process;
  private final Path out;
  private final Path err;

  private CommandProcess(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  static CommandProcess start(Path folder, String... args) throws IOException {
    return start(folder, Surprisal.class, args);
  }

  /**
   * With little heap.
   *
   * @param heap in MiB
   */
  static CommandProcess startSmall(Path folder, int heap, String... args) throws IOException {
    return start(folder, heap, Map.of(), Surprisal.class, args);
  }

  /**
   * In an environment of its own.
   *
   * @param environment variables beside those of this process
   */
  static CommandProcess startIn(Map<String, String> environment, Path folder, String... args)
      throws IOException {
    return start(folder, HEAP, environment, Surprisal.class, args);
  }

  static CommandProcess start(Path folder, Class<?> main, String... args) throws IOException {
    return start(folder, HEAP, Map.of(), main, args);
  }

  /** Another version's command. */
  static CommandProcess startProgram(Path program, Path folder, String... args) throws IOException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(args));
    return start(
        folder,
        "program",
        command,
        Map.of("SURPRISAL_HEAP", HEAP + "m", "SURPRISAL_JAVA_OPTS", "-XX:TieredStopAtLevel=1"));
  }

  private static CommandProcess start(
      Path folder, int heap, Map<String, String> environment, Class<?> main, String... args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A process that lives for seconds wants to start at little cost.
    command.addAll(List.of("-Xmx" + heap + "m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of("-Dai.djl.offline=true", "-Dai.djl.pytorch.graph_optimizer=false"));
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(List.of(args));
    return start(folder, main.getSimpleName(), command, environment);
  }

  private static CommandProcess start(
      Path folder, String name, List<String> command, Map<String, String> environment)
      throws IOException {
    Path out = Files.createTempFile(folder, name, ".out");
    Path err = Files.createTempFile(folder, name, ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().putAll(environment);
    return new CommandProcess(builder.start(), out, err);
  }

  String out() throws IOException {
    return Files.readString(out, UTF_8);
  }

  String err() throws IOException {
    return Files.readString(err, UTF_8);
  }

  /** Waits for words on standard output. */
  String awaitOut(String words) {
    return await()
        .atMost(Duration.ofSeconds(90))
        .failFast("the process ended", this::requireAlive)
        .until(this::out, text -> text.contains(words));
  }

  /** Waits until it, a broker, can be used; returns where it is. */
  String awaitServer() {
    String said = awaitOut("Ctrl-C ends it");
    Matcher ready = Pattern.compile("ready at (\\S+),").matcher(said);
    if (!ready.find()) {
      throw new AssertionError("the broker does not say where it is: " + said);
    }
    return ready.group(1);
  }

  /** What its threads do at this moment, as {@code jcmd} tells it. */
  String threads() throws IOException {
    Process dump =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                String.valueOf(process.pid()),
                "Thread.print")
            .redirectErrorStream(true)
            .start();
    return new String(dump.getInputStream().readAllBytes(), UTF_8);
  }

  /** It has not ended, by itself or otherwise. */
  void requireAlive() throws IOException {
    if (!process.isAlive()) {
      throw new AssertionError("ended with " + process.exitValue() + ": " + err());
    }
  }

  /** kill −9. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGSTOP: the process stands still until {@link #resume}. */
  void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT. */
  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    int exitCode =
        new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
            .inheritIO()
            .start()
            .waitFor();
    if (exitCode != 0) {
      throw new IOException("kill -" + name + " gave " + exitCode);
    }
  }

  /** Waits until it ends by itself; returns the exit code. */
  int awaitEnd() throws InterruptedException {
    if (!process.waitFor(90, TimeUnit.SECONDS)) {
      throw new AssertionError("it has not ended");
    }
    return process.exitValue();
  }

  /** SIGTERM; returns the exit code. */
  int terminate() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("still running a minute after SIGTERM");
    }
    return process.exitValue();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
