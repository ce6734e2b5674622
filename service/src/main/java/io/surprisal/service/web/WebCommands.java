package io.surprisal.service.web;

import io.surprisal.service.cli.CommandEntry;
import java.util.List;

/** The commands that carry to people what the topics hold. */
public final class WebCommands {
  private WebCommands() {}

  /** The commands, in the order of the help. */
  public static List<CommandEntry> all() {
    return List.of(
        CommandEntry.of("dashboard", DashboardCommand::new),
        CommandEntry.of("notify", NotifyCommand::new));
  }
}
