package io.surprisal.service.bench;

import io.surprisal.service.cli.ChildCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/** Commands of {@code surprisal}, each run to its end in a process of its own. */
final class ChildRuns implements OneClass.Runner {
  private static final Duration LOOK = Duration.ofMillis(200);

  private final Class<?> mainClass;
  private final Path folder;
  private final List<String> flags;
  private final BooleanSupplier stop;
  private int runs;

  /**
   * Of this installation.
   *
   * @param mainClass of the command, as an invocation knows it
   * @param folder takes what the processes say, a file each
   * @param flags of their JVMs
   * @param stop asked again and again
   */
  ChildRuns(Class<?> mainClass, Path folder, List<String> flags, BooleanSupplier stop) {
    this.mainClass = mainClass;
    this.folder = folder;
    this.flags = List.copyOf(flags);
    this.stop = stop;
  }

  @Override
  public String run(List<String> arguments) throws IOException, InterruptedException {
    Path log = folder.resolve("%d-%s.log".formatted(runs++, arguments.get(0)));
    OptionalInt status = OptionalInt.empty();
    try (ChildCommand process = ChildCommand.start(mainClass, log, List.of(), flags, arguments)) {
      while (status.isEmpty()) {
        if (stop.getAsBoolean()) {
          throw new StoppedException();
        }
        status = process.await(LOOK);
      }
    }
    List<String> said = Files.readAllLines(log);
    if (status.getAsInt() != 0) {
      throw new IllegalStateException(
          "%s ended with %d%s"
              .formatted(
                  arguments.get(0),
                  status.getAsInt(),
                  said.isEmpty() ? "" : ": " + said.get(said.size() - 1)));
    }
    return said.stream()
        .filter(line -> line.startsWith("{"))
        .reduce((first, last) -> last)
        .orElseThrow(() -> new IllegalStateException(arguments.get(0) + " printed no result"));
  }
}
