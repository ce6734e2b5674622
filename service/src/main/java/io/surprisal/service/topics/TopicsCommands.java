package io.surprisal.service.topics;

import io.surprisal.service.cli.CommandEntry;
import java.util.List;

/** The commands that create topics, send images and print what comes of them. */
public final class TopicsCommands {
  private TopicsCommands() {}

  /** The commands, in the order of the help. */
  public static List<CommandEntry> all() {
    return List.of(
        CommandEntry.of("topics", TopicsCommand::new),
        CommandEntry.of("publish", PublishCommand::new),
        CommandEntry.of("scores", ScoresCommand::new),
        CommandEntry.of("alerts", AlertsCommand::new),
        CommandEntry.of("incidents", IncidentsCommand::new),
        CommandEntry.of("sources", SourcesCommand::new),
        CommandEntry.of("statistics", StatisticsCommand::new),
        CommandEntry.of("dead-letters", DeadLettersCommand::new),
        CommandEntry.of("archive", ArchiveCommand::new));
  }
}
