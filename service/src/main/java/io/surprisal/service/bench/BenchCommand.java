package io.surprisal.service.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench}: the group of measurements. */
@Command(
    name = "bench",
    description = "Measures speed and variance on this machine.",
    synopsisSubcommandLabel = "MEASUREMENT")
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "Missing measurement: " + spec.subcommands().keySet());
  }
}
