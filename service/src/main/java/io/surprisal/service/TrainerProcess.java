package io.surprisal.service;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A trainer in a process of its own beside the demo: training shares no memory with scoring, and a
 * fault of native code in one does not end the other. Ended by {@link #close}.
 */
final class TrainerProcess implements AutoCloseable {
  private static final long END_SECONDS = 20;
  private static final String HEAP = "-Xmx1g";
  private static final Path NICE = Path.of("/usr/bin/nice");

  private final Path log;
  private final List<String> arguments;
  private Optional<Process> process = Optional.empty();

  /**
   * @param log takes what the process says on standard error
   * @param arguments of {@code surprisal train}
   */
  TrainerProcess(Path log, List<String> arguments) {
    this.log = log;
    this.arguments = List.copyOf(arguments);
  }

  /** Starts the process, with the system properties and the class path of this one. */
  void start() {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(NICE)) {
      command.addAll(List.of(NICE.toString(), "-n", "19")); // scoring goes first
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(HEAP);
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("-D") || argument.startsWith("--"))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Surprisal.class.getName());
    command.add("train");
    command.addAll(arguments);
    try {
      process =
          Optional.of(
              new ProcessBuilder(command)
                  .redirectErrorStream(true)
                  .redirectOutput(log.toFile())
                  .start());
    } catch (IOException e) {
      throw new UncheckedIOException("the trainer cannot be started", e);
    }
  }

  @Override
  public void close() {
    process.ifPresent(TrainerProcess::end);
  }

  private static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
