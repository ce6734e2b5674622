package io.surprisal.service.demo;

import io.surprisal.service.cli.CommandEntry;
import java.util.List;

/** The demo, one command. */
public final class DemoCommands {
  private DemoCommands() {}

  /** The commands, in the order of the help. */
  public static List<CommandEntry> all() {
    return List.of(CommandEntry.of("demo", DemoCommand::new));
  }
}
