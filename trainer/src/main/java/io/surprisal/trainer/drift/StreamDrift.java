package io.surprisal.trainer.drift;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Drift detectors of the stream as a whole and of each source, so that the change of one source
 * among many is noticed too, and is known for what it is. Each is set to twice the images between
 * false alarms: those of the sources see every image once, and so together raise no more false
 * alarms than a single one of all images, which is the other half.
 *
 * <p>Bounded: {@value #MOST_SOURCES} sources are looked at one by one, those that came first; the
 * others are seen in the whole alone. Not thread-safe.
 */
final class StreamDrift {

  static final int MOST_SOURCES = 64;

  private final DriftSensitivity sensitivity;
  private final double alertRate;
  private final CusumDetector whole;
  private final Map<String, CusumDetector> sources = new LinkedHashMap<>();

  /**
   * All that the detectors know.
   *
   * @param sources by name, in the order in which they came
   */
  record State(CusumDetector.State whole, Map<String, CusumDetector.State> sources) {
    public static final State START = new State(CusumDetector.State.START, Map.of());
  }

  /**
   * Goes on.
   *
   * @param alertRate that the release is calibrated for
   */
  StreamDrift(DriftSensitivity sensitivity, double alertRate, State state) {
    this.sensitivity =
        new DriftSensitivity(
            2 * sensitivity.imagesBetweenFalseAlarms(), sensitivity.images(), sensitivity.time());
    this.alertRate = alertRate;
    whole = new CusumDetector(this.sensitivity, alertRate, state.whole());
    state
        .sources()
        .forEach(
            (source, detector) ->
                sources.put(source, new CusumDetector(this.sensitivity, alertRate, detector)));
  }

  State state() {
    Map<String, CusumDetector.State> states = new LinkedHashMap<>();
    sources.forEach((source, detector) -> states.put(source, detector.state()));
    return new State(whole.state(), states);
  }

  /**
   * One image has been scored.
   *
   * @param pValue of its bits/dim, in (0, 1]
   * @param atypicalPValue of its untypicality, in (0, 1]; empty where the release has no such test
   */
  void observe(String source, double pValue, OptionalDouble atypicalPValue, Instant when) {
    whole.observe(pValue, atypicalPValue, when);
    if (sources.containsKey(source) || sources.size() < MOST_SOURCES) {
      sources
          .computeIfAbsent(source, name -> new CusumDetector(sensitivity, alertRate))
          .observe(pValue, atypicalPValue, when);
    }
  }

  /** The change that has lasted; empty while there is none. */
  Optional<StreamShift> shift() {
    List<CusumDetector.Shift> lasting = new ArrayList<>();
    whole.shift().ifPresent(lasting::add);
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
