package io.surprisal.trainer.cluster;

import io.surprisal.schemas.TrainerEvent;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What events of the topic {@code trainer} call runs and commands. Whoever may write to the topic
 * chooses it, and it becomes the name of a directory, or part of an answer.
 */
final class EventNames {

  /** No path leads out of the directory of the runs by such a name. */
  private static final Pattern RUN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  private EventNames() {}

  /** Whether an event names what it is about, as a trainer of Surprisal's would. */
  static boolean areWhole(TrainerEvent event) {
    return switch (event.getType()) {
      case RUN_STARTED, RUN_PUBLISHED, RUN_REFUSED, RUN_FAILED, RUN_CANCELLED ->
          isRun(event.getRunId());
      case COMMAND_ACCEPTED, COMMAND_DONE, COMMAND_REJECTED ->
          event.getCommandId() != null && CommandReader.isShort(event.getCommandId());
      case RUN_PROGRESS,
          RELEASE_REFUSED,
          RELEASE_SERVED,
          CANARY_STARTED,
          CANARY_PASSED,
          CANARY_REFUSED,
          UNKNOWN ->
          true;
    };
  }

  private static boolean isRun(@Nullable String id) {
    return id != null && RUN.matcher(id).matches();
  }
}
