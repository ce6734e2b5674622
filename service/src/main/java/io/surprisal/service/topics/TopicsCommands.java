package io.surprisal.service.topics;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** The commands that create topics, send images and print what comes of them. */
public final class TopicsCommands {
  private TopicsCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return Stream.of(
            new TopicsCommand(invocation),
            new PublishCommand(invocation),
            new ScoresCommand(invocation),
            new AlertsCommand(invocation),
            new IncidentsCommand(invocation),
            new SourcesCommand(invocation),
            new StatisticsCommand(invocation),
            new DeadLettersCommand(invocation),
            new ArchiveCommand(invocation))
        .map(CommandLine::new)
        .toList();
  }
}
