package io.surprisal.service.bench;

import io.surprisal.service.cli.CommandEntry;
import io.surprisal.service.cli.Invocation;
import java.util.List;
import picocli.CommandLine;

/** The measurements, as the commands under {@code surprisal bench}. */
public final class BenchCommands {
  private BenchCommands() {}

  /** The commands, in the order of the help. */
  public static List<CommandEntry> all() {
    return List.of(new CommandEntry("bench", BenchCommands::bench));
  }

  private static CommandLine bench(Invocation invocation) {
    return new CommandLine(new BenchCommand())
        .addSubcommand(new BenchForwardCommand(invocation))
        .addSubcommand(new BenchTrainCommand(invocation))
        .addSubcommand(new BenchSchedulesCommand(invocation))
        .addSubcommand(new BenchScalingCommand(invocation))
        .addSubcommand(new BenchStagesCommand(invocation))
        .addSubcommand(new BenchStreamCommand(invocation))
        .addSubcommand(new BenchInstancesCommand(invocation))
        .addSubcommand(new BenchSwapCommand(invocation))
        .addSubcommand(new BenchDashboardCommand(invocation))
        .addSubcommand(new BenchVarianceCommand(invocation))
        .addSubcommand(new BenchClassesCommand(invocation));
  }
}
