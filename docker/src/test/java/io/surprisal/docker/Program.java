package io.surprisal.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program in a process of its own; what it prints goes to files. */
final class Program implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final String name;
  private final Process process;
  private final Path out;
  private final Path err;

  private Program(String name, Process process, Path out, Path err) {
    this.name = name;
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /**
   * Starts a program.
   *
   * @param folder where it runs and where its output goes
   */
  static Program start(Path folder, List<String> command) throws IOException {
    Path out = Files.createTempFile(folder, "program", ".out");
    Path err = Files.createTempFile(folder, "program", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    // The examples are run where they lie, and leave nothing there.
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    return new Program(String.join(" ", command), builder.start(), out, err);
  }

  static Program start(Path folder, String... command) throws IOException {
    return start(folder, List.of(command));
  }

  /** Starts the command {@code surprisal}. */
  static Program surprisal(Path folder, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A process that lives for seconds wants to start at little cost.
    command.addAll(List.of("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of("-Dai.djl.offline=true", "-Dai.djl.pytorch.graph_optimizer=false"));
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add("io.surprisal.service.Surprisal");
    command.addAll(List.of(arguments));
    return start(folder, command);
  }

  String out() throws IOException {
    return Files.readString(out, UTF_8);
  }

  /** Standard output as it is. */
  Path outFile() {
    return out;
  }

  List<String> lines() throws IOException {
    return out().lines().toList();
  }

  String err() throws IOException {
    return Files.readString(err, UTF_8);
  }

  /** Waits for words on standard output or standard error; returns all of both. */
  String awaitWords(String words) {
    return await()
        .atMost(PATIENCE)
        .failFast(() -> requireAlive(words))
        .until(() -> out() + err(), text -> text.contains(words));
  }

  private void requireAlive(String words) throws IOException {
    if (!process.isAlive() && !(out() + err()).contains(words)) {
      throw new AssertionError(name + " ended with " + process.exitValue() + ": " + err());
    }
  }

  /** Waits for its end; returns the exit code. */
  int exitCode() throws IOException, InterruptedException {
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      close();
      throw new AssertionError(
          name + " still ran after " + PATIENCE.toSeconds() + " s: " + out() + err());
    }
    return process.exitValue();
  }

  /** Waits for its end, which must be a good one. */
  Program succeed() throws IOException, InterruptedException {
    int exitCode = exitCode();
    if (exitCode != 0) {
      throw new AssertionError(name + " gave " + exitCode + ": " + out() + err());
    }
    return this;
  }

  /** SIGTERM; returns the exit code. */
  int terminate() throws IOException, InterruptedException {
    process.destroy();
    return exitCode();
  }

  /** kill −9. */
  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }
}
