package io.surprisal.service.steer;

import io.surprisal.service.cli.CommandEntry;
import java.util.List;

/** The commands that tell trainer and scorers what to do, and what they say to it. */
public final class SteerCommands {
  private SteerCommands() {}

  /** The commands, in the order of the help. */
  public static List<CommandEntry> all() {
    return List.of(
        CommandEntry.of("trainer", TrainerEventsCommand::new),
        CommandEntry.of("releases", ReleasesCommand::new),
        CommandEntry.of("review", ReviewCommand::new),
        CommandEntry.of("retrain", RetrainCommand::new),
        CommandEntry.of("cancel", CancelCommand::new),
        CommandEntry.of("canary", CanaryCommand::new),
        CommandEntry.of("promote", PromoteCommand::new),
        CommandEntry.of("rollback", RollbackCommand::new),
        CommandEntry.of("alert-rate", AlertRateCommand::new),
        CommandEntry.of("pause", PauseCommand::new),
        CommandEntry.of("resume", ResumeCommand::new),
        CommandEntry.of("keys", KeysCommand::new));
  }
}
