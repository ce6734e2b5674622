package io.surprisal.trainer.run;

import io.surprisal.trainer.drift.StreamShift;
import io.surprisal.trainer.reservoir.ReservoirImage;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a run is to do.
 *
 * @param runId its name
 * @param trigger why, in words
 * @param commands ids of the commands that it carries out
 * @param active id of the release that serves; empty: none
 * @param best id of the best release so far, where another serves; empty: none
 * @param fromScratch whether to start from new weights in any case
 * @param includeAlerted whether images that raised alerts take part, but for those that people
 *     confirmed
 * @param shift where the stream, or one source, has changed for good: all its images from then on
 *     are normal ones now, and of its images they alone are what the release is calibrated on
 * @param budget of training time
 * @param alertRate that the release will be served with
 */
record RunOrder(
    String runId,
    String trigger,
    List<String> commands,
    Optional<String> active,
    Optional<String> best,
    boolean fromScratch,
    boolean includeAlerted,
    Optional<StreamShift> shift,
    Duration budget,
    double alertRate) {

  RunOrder {
    commands = List.copyOf(commands);
  }

  /** A run that nobody asked for: from the release that serves, without images that alerted. */
  static RunOrder due(
      String runId, String trigger, Optional<String> active, Duration budget, double alertRate) {
    boolean fromScratch = false;
    boolean includeAlerted = false;
    return new RunOrder(
        runId,
        trigger,
        List.of(),
        active,
        Optional.empty(),
        fromScratch,
        includeAlerted,
        Optional.empty(),
        budget,
        alertRate);
  }

  /** This run, after a shift. */
  RunOrder since(StreamShift shift) {
    return new RunOrder(
        runId,
        trigger,
        commands,
        active,
        best,
        fromScratch,
        includeAlerted,
        Optional.of(shift),
        budget,
        alertRate);
  }

  /** This run, carrying out commands as they ask for it. */
  RunOrder carryingOut(List<String> commands, boolean fromScratch, boolean includeAlerted) {
    return new RunOrder(
        runId,
        trigger,
        commands,
        active,
        best,
        fromScratch,
        includeAlerted,
        shift,
        budget,
        alertRate);
  }

  /** This run, whose candidate is compared with the best release so far, too. */
  RunOrder comparedWith(Optional<String> best) {
    return new RunOrder(
        runId,
        trigger,
        commands,
        active,
        best.filter(id -> !active.equals(Optional.of(id))),
        fromScratch,
        includeAlerted,
        shift,
        budget,
        alertRate);
  }

  /** Whether an image is of what was normal before the shift, and is no more. */
  boolean isOutdated(ReservoirImage image) {
    return shift.map(change -> change.isBefore(image)).orElse(false);
  }

  /** Whether an image that raised an alert takes part all the same. */
  boolean takesAlerted(ReservoirImage image) {
    return includeAlerted || shift.map(change -> change.covers(image)).orElse(false);
  }
}
