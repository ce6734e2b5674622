package io.surprisal.trainer.cluster;

import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.TrainerEvent;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the topics say about releases, runs and commands: the trainer's whole state, which a new
 * active trainer reads and then keeps up by what it publishes itself. Not thread-safe.
 */
public final class ClusterView {
  private final Map<String, ReleaseAnnouncement> releases = new LinkedHashMap<>();
  private final Set<String> answered = new HashSet<>();
  private final Map<String, ControlCommand> waiting = new LinkedHashMap<>();
  private final Map<String, ControlCommand> commands = new LinkedHashMap<>();
  private final Set<String> openRuns = new LinkedHashSet<>();
  private Optional<String> active = Optional.empty();

  /** Who stepped back last: what earlier versions say of who served before. */
  private Optional<String> before = Optional.empty();

  private Optional<String> candidate = Optional.empty();

  /** Accepted, and not decided yet. */
  private Optional<ControlCommand> canary = Optional.empty();

  /** Number of the latest signed announcement; 0 where none is signed. */
  private long sequence;

  /** Whether what was announced holds although nobody signed it: it is of an earlier version. */
  private boolean unsigned;

  private Optional<Instant> lastRunEnd = Optional.empty();
  private boolean paused;

  /** A command that lies in its topic; it counts once it is answered. */
  public void saw(ControlCommand command) {
    commands.putIfAbsent(command.getCommandId(), command);
  }

  /** An announcement, in the order of the topic. */
  public void saw(ReleaseAnnouncement announcement) {
    String id = announcement.getReleaseId();
    releases.remove(id);
    releases.put(id, announcement);
    if (announcement.getState() == ReleaseState.ACTIVE) {
      active = Optional.of(id);
    } else if (announcement.getState() == ReleaseState.INACTIVE) {
      before = Optional.of(id);
    }
    if (announcement.getState() == ReleaseState.CANDIDATE) {
      candidate = Optional.of(id);
    } else if (candidate.equals(Optional.of(id))) {
      candidate = Optional.empty();
    }
  }

  /** An event, in the order of the topic; one that does not name its subject says nothing. */
  public void saw(TrainerEvent event) {
    if (!EventNames.areWhole(event)) {
      return;
    }
    String command = event.getCommandId();
    switch (event.getType()) {
      case RUN_STARTED -> openRuns.add(event.getRunId());
      case RUN_PUBLISHED, RUN_REFUSED, RUN_FAILED, RUN_CANCELLED -> {
        openRuns.remove(event.getRunId());
        lastRunEnd = Optional.of(event.getEventTime());
      }
      case COMMAND_ACCEPTED -> {
        answered.add(command);
        ControlCommand accepted = commands.get(command);
        if (accepted != null && accepted.getType() == CommandType.RETRAIN) {
          waiting.put(command, accepted);
        } else if (accepted != null && accepted.getType() == CommandType.CANARY) {
          canary = Optional.of(accepted);
        }
      }
      case COMMAND_REJECTED -> {
        if (command != null) {
          answered.add(command);
          waiting.remove(command);
          endCanary(command);
        }
      }
      case COMMAND_DONE -> {
        answered.add(command);
        waiting.remove(command);
        endCanary(command);
        ControlCommand done = commands.get(command);
        if (done != null && done.getType() == CommandType.PAUSE) {
          paused = true;
        } else if (done != null && done.getType() == CommandType.RESUME) {
          paused = false;
        }
      }
      case RUN_PROGRESS,
          RELEASE_REFUSED,
          RELEASE_SERVED,
          CANARY_STARTED,
          CANARY_PASSED,
          CANARY_REFUSED,
          UNKNOWN -> {
        // Nothing follows from these.
      }
    }
  }

  private void endCanary(String command) {
    canary = canary.filter(accepted -> !accepted.getCommandId().equals(command));
  }

  /** All announcements of the topic are known, of which the latest has this number. */
  void heard(long latest) {
    sequence = latest;
  }

  /** Announcements hold though none of them is signed. */
  void heardUnsigned() {
    unsigned = true;
  }

  /** Number of the latest signed announcement; 0 where none is signed. */
  long sequence() {
    return sequence;
  }

  /** Whether announcements that hold are to be said again, signed. */
  public boolean isUnsigned() {
    return unsigned;
  }

  /** The last announcement of each release, in their order. */
  public List<ReleaseAnnouncement> announcements() {
    return List.copyOf(releases.values());
  }

  /** The release that serves. */
  public Optional<ReleaseAnnouncement> active() {
    return active.map(releases::get);
  }

  /**
   * The release that served before it came to serve: after a rollback not the one that was rolled
   * back, but the one before the present one.
   */
  public Optional<ReleaseAnnouncement> before() {
    return active()
        .map(ReleaseAnnouncement::getFollowsReleaseId)
        .or(() -> before) // an earlier version does not say
        .map(releases::get);
  }

  /**
   * Of the releases that have served and say what they measured, the one of the fewest bits/dim on
   * images of its own time; empty where none does.
   */
  public Optional<ReleaseAnnouncement> best() {
    return releases.values().stream()
        .filter(release -> release.getFollowsReleaseId() != null)
        .filter(release -> release.getHeldOutBitsPerDim() != null)
        .min(Comparator.comparingDouble(ReleaseAnnouncement::getHeldOutBitsPerDim));
  }

  /** The release that is tried beside the one that serves. */
  public Optional<ReleaseAnnouncement> candidate() {
    return candidate.map(releases::get);
  }

  /** The command that asked for the candidate to be tried; empty where none did. */
  public Optional<ControlCommand> canary() {
    return canary;
  }

  public Optional<ReleaseAnnouncement> release(String id) {
    return Optional.ofNullable(releases.get(id));
  }

  /** Whether a run's release has been announced. */
  public boolean isAnnounced(String runId) {
    return releases.values().stream().anyMatch(release -> runId.equals(release.getRunId()));
  }

  /** Whether a command of this id was answered before. */
  public boolean isAnswered(String commandId) {
    return answered.contains(commandId);
  }

  /** Whether a command is accepted and not carried out yet. */
  public boolean isWaiting(String commandId) {
    return waiting.containsKey(commandId)
        || canary.map(c -> c.getCommandId().equals(commandId)).orElse(false);
  }

  /** Accepted commands to retrain that no run has carried out yet, in their order. */
  public Map<String, ControlCommand> waiting() {
    return new LinkedHashMap<>(waiting);
  }

  /** Runs that have started and not ended. */
  public Set<String> openRuns() {
    return new LinkedHashSet<>(openRuns);
  }

  public Optional<Instant> lastRunEnd() {
    return lastRunEnd;
  }

  public boolean isPaused() {
    return paused;
  }
}
