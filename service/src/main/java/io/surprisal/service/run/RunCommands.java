package io.surprisal.service.run;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** The commands that keep running: broker, scorer and trainer; and what they measure. */
public final class RunCommands {
  private RunCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return Stream.of(
            new BrokerCommand(invocation),
            new ScoreCommand(invocation),
            new TrainCommand(invocation),
            new MetricsCommand(invocation))
        .map(CommandLine::new)
        .toList();
  }
}
