package io.surprisal.service.run;

import io.surprisal.service.cli.CommandEntry;
import java.util.List;

/** The commands that keep running: broker, scorer and trainer; and what they measure. */
public final class RunCommands {
  private RunCommands() {}

  /** The commands, in the order of the help. */
  public static List<CommandEntry> all() {
    return List.of(
        CommandEntry.of("broker", BrokerCommand::new),
        CommandEntry.of("score", ScoreCommand::new),
        CommandEntry.of("train", TrainCommand::new),
        CommandEntry.of("metrics", MetricsCommand::new));
  }
}
