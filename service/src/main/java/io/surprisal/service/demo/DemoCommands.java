package io.surprisal.service.demo;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import picocli.CommandLine;

/** The demo, one command. */
public final class DemoCommands {
  private DemoCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return List.of(new CommandLine(new DemoCommand(invocation)));
  }
}
