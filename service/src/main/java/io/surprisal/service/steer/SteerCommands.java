package io.surprisal.service.steer;

import io.surprisal.service.cli.Invocation;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;

/** The commands that tell trainer and scorers what to do, and what they say to it. */
public final class SteerCommands {
  private SteerCommands() {}

  /** The commands of one invocation, in the order of the help. */
  public static List<CommandLine> all(Invocation invocation) {
    return Stream.of(
            new TrainerEventsCommand(invocation),
            new ReleasesCommand(invocation),
            new ReviewCommand(invocation),
            new RetrainCommand(invocation),
            new CancelCommand(invocation),
            new CanaryCommand(invocation),
            new PromoteCommand(invocation),
            new RollbackCommand(invocation),
            new AlertRateCommand(invocation),
            new PauseCommand(invocation),
            new ResumeCommand(invocation),
            new KeysCommand(invocation))
        .map(CommandLine::new)
        .toList();
  }
}
