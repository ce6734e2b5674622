package io.surprisal.model.detection;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Whether an image raises an alert, and why.
 *
 * @param reasons why it raises an alert, each once, in the order of {@link Reason}; none where it
 *     does not
 * @param pValue conformal p-value of the image for all reasons together, what decides; empty where
 *     the rule never alerts
 * @param pValues conformal p-value of each statistic alone among the calibration images; without
 *     those that the release or the image does not have
 * @param decisive the statistic of {@code pValue}; empty where there is no alert
 * @param threshold bits/dim above which an alert fires; empty where the rule has no such bound
 */
public record Verdict(
    List<Reason> reasons,
    OptionalDouble pValue,
    Map<Reason, Double> pValues,
    Optional<Reason> decisive,
    OptionalDouble threshold) {

  /** Why an image raises an alert; the names are those of the alerts' reasons. */
  public enum Reason {
    /** Its bits/dim lie in the right tail of what normal images give. */
    LOW_LIKELIHOOD,
    /** Its traits lie far from what normal images give. */
    ATYPICAL,
    /** A part of it is more surprising than any part of normal images is. */
    LOCAL
  }

  public Verdict {
    reasons = reasons.stream().distinct().sorted().toList();
    pValues = Map.copyOf(pValues);
  }

  /** The p-value of one statistic alone; empty where there is none. */
  public OptionalDouble pValue(Reason reason) {
    Double value = pValues.get(reason);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** For any reason. */
  public boolean alert() {
    return !reasons.isEmpty();
  }

  /** For one reason. */
  public boolean alert(Reason reason) {
    return reasons.contains(reason);
  }
}
