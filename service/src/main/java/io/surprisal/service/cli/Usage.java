package io.surprisal.service.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What must be so of what the user wrote, beyond what picocli checks itself. */
public final class Usage {
  private Usage() {}

  /**
   * Refuses a command line, which ends the command with exit code 2.
   *
   * @param command whose line it is
   * @param message names the option, its value and what it must be
   * @throws ParameterException with the message, unless it holds
   */
  public static void require(CommandSpec command, boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(command.commandLine(), message);
    }
  }
}
