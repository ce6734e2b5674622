package io.surprisal.trainer.drift;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Whether the stream has changed. Each source is compared with its {@link OwnPast} under the
 * release, so that the change of one among many is noticed, and is known for what it is, and that
 * one that has always differed is none. The images of all sources together are compared with what
 * calibrated the release, for a gross change alone: images that are not at all those that it was
 * calibrated on, as where the stream has changed between that and now. Sources that send more or
 * less of the images than they did of the calibration are none.
 *
 * <p>A picture that is the same as the one before it of its source says nothing new, and is passed
 * over: a camera whose picture is frozen, or that looks at a scene that stands still, has not
 * changed. Equal scores tell it, since the noise of a score is a function of the pixels.
 *
 * <p>Both are set to twice the images between false alarms: the pasts of the sources see every
 * image once, and so together raise no more false alarms than a single one of all images.
 *
 * <p>Bounded: {@value #MOST_SOURCES} sources are looked at one by one, those that came first; the
 * others together. Not thread-safe.
 */
final class StreamDrift {

  static final int MOST_SOURCES = 64;

  private static final int DETECTORS = 2;

  /** The mean of −ln p must be above 2.6, where it is 1 of what calibrated. */
  private static final double GROSS = 0.1;

  private final DriftSensitivity sensitivity;
  private final double smallest;
  private final CusumDetector gross;
  private final Correlation correlation;
  private int untested;
  private final OwnPast others;
  private final Map<String, OwnPast> sources = new LinkedHashMap<>();

  /** By source the last score, of as many sources as are looked at. */
  private final Map<String, Double> last = new HashMap<>();

  /**
   * All that the detectors know. Of what earlier versions saved nothing is known: they compared
   * each source with the calibration.
   *
   * @param gross of all images against the calibration
   * @param levels of the correlation of all images
   * @param untested images since the last that was looked at for that
   * @param others the past of the sources that are not looked at one by one
   * @param pasts of sources by name, in the order in which they came
   */
  record State(
      CusumDetector.State gross,
      List<Correlation.Level> levels,
      int untested,
      OwnPast.State others,
      Map<String, OwnPast.State> pasts) {
    public static final State START =
        new State(CusumDetector.State.START, List.of(), 0, OwnPast.State.START, Map.of());

    // Earlier versions saved none of these.
    public State {
      gross = gross == null ? CusumDetector.State.START : gross;
      levels = levels == null ? List.of() : levels;
      others = others == null ? OwnPast.State.START : others;
      pasts = pasts == null ? Map.of() : pasts;
    }
  }

  /**
   * Goes on.
   *
   * @param alertRate that the release is calibrated for: its p-values lie on a grid no coarser
   */
  StreamDrift(DriftSensitivity sensitivity, double alertRate, State state) {
    this.sensitivity =
        new DriftSensitivity(
            DETECTORS * sensitivity.imagesBetweenFalseAlarms(),
            sensitivity.images(),
            sensitivity.time());
    smallest = alertRate / 2;
    gross = new CusumDetector(this.sensitivity, state.gross());
    correlation = new Correlation(state.levels());
    untested = state.untested();
    others = new OwnPast(this.sensitivity, state.others());
    state
        .pasts()
        .forEach((source, past) -> sources.put(source, new OwnPast(this.sensitivity, past)));
  }

  State state() {
    Map<String, OwnPast.State> pasts = new LinkedHashMap<>();
    sources.forEach((source, past) -> pasts.put(source, past.state()));
    return new State(gross.state(), correlation.levels(), untested, others.state(), pasts);
  }

  /**
   * One image has been scored.
   *
   * @param bitsPerDim its score
   * @param pValue of its bits/dim, in (0, 1]
   * @param atypicalPValue of its untypicality, in (0, 1]; empty where the release has no such test
   */
  void observe(
      String source,
      double bitsPerDim,
      double pValue,
      OptionalDouble atypicalPValue,
      Instant when) {
    if (isRepeated(source, bitsPerDim)) {
      return;
    }
    untested++;
    if (untested >= Math.round(correlation.time())) {
      // p-values on a grid of steps 1/m are 1 with probability 1/m. At half a step and more for
      // their mirror image 0, the likelihood ratio of uniform ones is still 1 at most on average.
      double mirrored = Math.max(1 - pValue, smallest);
      gross.observe(
          new CusumDetector.Evidence(pValue, mirrored, atypicalPValue, GROSS, GROSS),
          untested,
          when);
      untested = 0;
    }
    correlation.add(pValue);
    past(source).observe(pValue, atypicalPValue, when);
  }

  private boolean isRepeated(String source, double bitsPerDim) {
    if (last.size() >= MOST_SOURCES && !last.containsKey(source)) {
      return false;
    }
    Double before = last.put(source, bitsPerDim);
    return before != null && before == bitsPerDim;
  }

  private OwnPast past(String source) {
    return sources.containsKey(source) || sources.size() < MOST_SOURCES
        ? sources.computeIfAbsent(source, name -> new OwnPast(sensitivity, OwnPast.State.START))
        : others;
  }

  /** The change that has lasted; empty while there is none. */
  Optional<StreamShift> shift() {
    List<CusumDetector.Shift> lasting = new ArrayList<>();
    gross.shift().ifPresent(lasting::add);
    others.shift().ifPresent(lasting::add);
    sources.values().forEach(detector -> detector.shift().ifPresent(lasting::add));
    return lasting.stream().findFirst().map(this::shift);
  }

  /** A change of one source alone is that source's, whichever detector has noticed it first. */
  private StreamShift shift(CusumDetector.Shift first) {
    Map<String, CusumDetector.Shift> changed = new LinkedHashMap<>();
    sources.forEach(
        (source, detector) ->
            detector.alarm(first.change()).ifPresent(shift -> changed.put(source, shift)));
    if (changed.size() == 1 && sources.size() > 1) {
      Map.Entry<String, CusumDetector.Shift> only = changed.entrySet().iterator().next();
      return new StreamShift(
          Optional.of(only.getKey()),
          first.change(),
          only.getValue().since(),
          only.getValue().images());
    }
    return new StreamShift(Optional.empty(), first.change(), first.since(), first.images());
  }
}
