package io.surprisal.service.cli;

import java.util.function.Function;
import picocli.CommandLine;

/**
 * A command in the registry of its wing, not built yet: picocli reads all options of a command when
 * it is built, which for all commands together takes nearly a second.
 *
 * @param name as its annotation says
 * @param maker builds it, with the commands below it
 */
public record CommandEntry(String name, Function<Invocation, CommandLine> maker) {

  /**
   * A command that has none below it.
   *
   * @param maker makes what picocli reads the options from
   */
  public static CommandEntry of(String name, Function<Invocation, ?> maker) {
    return new CommandEntry(name, invocation -> new CommandLine(maker.apply(invocation)));
  }

  /** Builds the command for an invocation. */
  public CommandLine build(Invocation invocation) {
    return maker.apply(invocation);
  }
}
