package io.surprisal.service.web;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** The commands that carry to people what the topics hold. */
public final class WebCommands {
  private WebCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return Stream.of(new DashboardCommand(invocation), new NotifyCommand(invocation))
        .map(CommandLine::new)
        .toList();
  }
}
