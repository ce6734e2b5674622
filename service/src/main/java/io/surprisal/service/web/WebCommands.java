package io.surprisal.service.web;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import picocli.CommandLine;

/** The commands of the page. */
public final class WebCommands {
  private WebCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return List.of(new CommandLine(new DashboardCommand(invocation)));
  }
}
