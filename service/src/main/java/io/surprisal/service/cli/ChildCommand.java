package io.surprisal.service.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * A {@code surprisal} command in a process of its own, with the system properties and the class
 * path of this one. Ended by {@link #close}.
 */
public final class ChildCommand implements AutoCloseable {
  /** Well below what this process itself is given for its end: nothing may outlive it. */
  private static final Duration END = StopSignal.GRACE.dividedBy(3);

  private final Process process;
  private final Path log;

  private ChildCommand(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * Starts.
   *
   * @param mainClass of the command, as an invocation knows it
   * @param log takes what the process says
   * @param launcher program that starts the JVM, and its arguments; empty: none
   * @param flags of its JVM
   * @param arguments of the command, its name first
   */
  public static ChildCommand start(
      Class<?> mainClass,
      Path log,
      List<String> launcher,
      List<String> flags,
      List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(launcher);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("-D") || argument.startsWith("--"))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(mainClass.getName());
    command.addAll(arguments);
    return new ChildCommand(
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start(),
        log);
  }

  /** The id that the operating system knows it by. */
  public long pid() {
    return process.pid();
  }

  /**
   * @throws IllegalStateException with the last thing that it said, if it has ended
   */
  public void requireAlive() throws IOException {
    if (!process.isAlive()) {
      List<String> said = Files.readAllLines(log);
      throw new IllegalStateException(
          "a process ended with "
              + process.exitValue()
              + (said.isEmpty() ? "" : ": " + said.get(said.size() - 1)));
    }
  }

  /**
   * Waits for its end.
   *
   * @param patience at most
   * @return its exit status; empty if it still runs
   */
  public OptionalInt await(Duration patience) throws InterruptedException {
    return process.waitFor(patience.toNanos(), TimeUnit.NANOSECONDS)
        ? OptionalInt.of(process.exitValue())
        : OptionalInt.empty();
  }

  @Override
  public void close() {
    closeAll(List.of(this));
  }

  /** Ends processes, all at the same time; what has not ended after {@link #END} is killed. */
  public static void closeAll(List<ChildCommand> children) {
    children.forEach(child -> child.process.destroy());
    long deadline = System.nanoTime() + END.toNanos();
    boolean interrupted = false;
    for (ChildCommand child : children) {
      try {
        if (interrupted
            || !child.process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          child.process.destroyForcibly().onExit().join();
        }
      } catch (InterruptedException e) {
        child.process.destroyForcibly().onExit().join();
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
