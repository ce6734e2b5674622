package io.surprisal.service.run;

import io.surprisal.service.cli.ChildCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The trainer as a sidecar, in a process of its own beside a command that scores: training shares
 * no memory with scoring, and a fault of native code in one does not end the other. Ended by {@link
 * #close}.
 */
public final class SidecarProcess implements AutoCloseable {
  private static final String HEAP = "-Xmx1g";

  private final Class<?> mainClass;
  private final Path log;
  private final List<String> arguments;
  private Optional<ChildCommand> process = Optional.empty();

  /**
   * @param mainClass of the command, as an invocation knows it
   * @param log takes what the process says on standard error
   * @param arguments of {@code surprisal train}
   */
  public SidecarProcess(Class<?> mainClass, Path log, List<String> arguments) {
    this.mainClass = mainClass;
    this.log = log;
    this.arguments = List.copyOf(arguments);
  }

  /** Starts the process. */
  public void start() {
    List<String> command = new ArrayList<>();
    command.add("train");
    command.addAll(arguments);
    try {
      process = Optional.of(ChildCommand.start(mainClass, log, List.of(), List.of(HEAP), command));
    } catch (IOException e) {
      throw new UncheckedIOException("the trainer cannot be started", e);
    }
  }

  @Override
  public void close() {
    process.ifPresent(ChildCommand::close);
  }
}
