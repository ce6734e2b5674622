package io.surprisal.trainer.run;

import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.trainer.cluster.ClusterView;
import io.surprisal.trainer.cluster.CommandReader;
import io.surprisal.trainer.drift.StreamShift;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.reservoir.Reservoir;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * When a run starts, and why: for commands that wait, for a first release, for a shift of the
 * stream, or because it is time. Commands that wait make one run together. Not thread-safe.
 */
public final class RunSchedule {
  private final ScheduleSettings settings;
  private final Reservoir reservoir;
  private final Function<String, Optional<StreamShift>> shifts;
  private final RunPlanner planner;
  private final ClusterView view;
  private final ServingRelease serving;
  private final InstantSource clock;
  private final Instant activeSince;

  /**
   * Begins to count the time without a run.
   *
   * @param shifts how the stream has changed under the release of an id; empty while it has not
   */
  public RunSchedule(
      ScheduleSettings settings,
      Reservoir reservoir,
      Function<String, Optional<StreamShift>> shifts,
      RunPlanner planner,
      ClusterView view,
      ServingRelease serving,
      InstantSource clock) {
    this.settings = settings;
    this.reservoir = reservoir;
    this.shifts = shifts;
    this.planner = planner;
    this.view = view;
    this.serving = serving;
    this.clock = clock;
    activeSince = clock.instant();
  }

  /** How far the stream is on its way to the first release; empty where one serves. */
  Optional<String> filling() {
    return view.active().isPresent()
        ? Optional.empty()
        : Optional.of(
            "%d of %d images for the first release"
                .formatted(
                    Math.min(reservoir.seen(), settings.firstImages()), settings.firstImages()));
  }

  /** The run that is due; empty where none is. */
  Optional<RunOrder> next() {
    Map<String, ControlCommand> waiting = view.waiting();
    if (!waiting.isEmpty()) {
      return Optional.of(commanded(waiting));
    }
    Instant now = clock.instant();
    // By a clock that is ahead by more than a pause, no run would ever be due.
    Optional<Instant> ended =
        view.lastRunEnd().filter(end -> !end.isAfter(now.plus(settings.pause())));
    boolean soon =
        ended.map(end -> Duration.between(end, now).compareTo(settings.pause()) < 0).orElse(false);
    if (soon) {
      return Optional.empty();
    }
    if (view.active().isEmpty()) {
      return reservoir.seen() >= settings.firstImages()
              && planner.lackOfFirst(serving.alertRate()).isEmpty()
          ? Optional.of(due("the first release, from the stream's first images"))
          : Optional.empty();
    }
    Optional<StreamShift> shift = shifts.apply(view.active().get().getReleaseId());
    if (shift.isPresent() && planner.lack(serving.alertRate(), shift.get()).isEmpty()) {
      return Optional.of(due(shift.get().summary()).since(shift.get()));
    }
    Instant last = ended.orElse(activeSince);
    boolean scheduled = Duration.between(last, now).compareTo(settings.every()) >= 0;
    return scheduled && planner.lack(serving.alertRate()).isEmpty()
        ? Optional.of(due("the schedule, every " + settings.every()))
        : Optional.empty();
  }

  private RunOrder due(String trigger) {
    return order(trigger, settings.budget());
  }

  private RunOrder order(String trigger, Duration budget) {
    return RunOrder.due(
            newRunId(),
            trigger,
            view.active().map(ReleaseAnnouncement::getReleaseId),
            budget,
            serving.alertRate())
        .comparedWith(view.best().map(ReleaseAnnouncement::getReleaseId));
  }

  /** One run for all commands that wait. */
  private RunOrder commanded(Map<String, ControlCommand> waiting) {
    Duration budget =
        waiting.values().stream()
            .map(
                command ->
                    command.getMinutes() == null
                        ? settings.budget()
                        : Duration.ofMillis(Math.round(command.getMinutes() * 60_000)))
            .max(Duration::compareTo)
            .orElseThrow();
    String trigger =
        waiting.values().stream()
            .map(command -> "asked for by " + CommandReader.by(command))
            .collect(Collectors.joining("; "));
    return order(trigger, budget)
        .carryingOut(
            List.copyOf(waiting.keySet()),
            waiting.values().stream().anyMatch(ControlCommand::getFromScratch),
            waiting.values().stream().anyMatch(ControlCommand::getIncludeAlerted));
  }

  private static String newRunId() {
    return "run-" + UUID.randomUUID();
  }
}
