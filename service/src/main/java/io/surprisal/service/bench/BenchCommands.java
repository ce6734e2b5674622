package io.surprisal.service.bench;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import picocli.CommandLine;

/** The measurements, as the commands under {@code surprisal bench}. */
public final class BenchCommands {
  private BenchCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return List.of(
        new CommandLine(new BenchCommand())
            .addSubcommand(new BenchForwardCommand(invocation))
            .addSubcommand(new BenchTrainCommand(invocation))
            .addSubcommand(new BenchSchedulesCommand(invocation))
            .addSubcommand(new BenchScalingCommand(invocation))
            .addSubcommand(new BenchStagesCommand(invocation))
            .addSubcommand(new BenchStreamCommand(invocation))
            .addSubcommand(new BenchInstancesCommand(invocation))
            .addSubcommand(new BenchSwapCommand(invocation))
            .addSubcommand(new BenchDashboardCommand(invocation))
            .addSubcommand(new BenchVarianceCommand(invocation)));
  }
}
