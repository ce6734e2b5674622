package io.surprisal.model.detection;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Whether an image raises an alert, and why.
 *
 * @param lowLikelihood whether its bits/dim lie in the right tail of what normal images give
 * @param atypical whether its traits lie far from what normal images give
 * @param local whether a part of it is more surprising than any part of normal images is
 * @param pValue conformal p-value of its bits/dim among the calibration images; empty where the
 *     release is not calibrated
 * @param atypicalPValue the same of its untypicality; empty where the release has no such test
 * @param localPValue the same of its most surprising part; empty where the release has no such test
 * @param threshold bits/dim above which an alert fires; empty where the release is not calibrated
 */
public record Verdict(
    boolean lowLikelihood,
    boolean atypical,
    boolean local,
    OptionalDouble pValue,
    OptionalDouble atypicalPValue,
    OptionalDouble localPValue,
    OptionalDouble threshold) {

  /** Why an image raises an alert; the names are those of the alerts' reasons. */
  public enum Reason {
    LOW_LIKELIHOOD,
    ATYPICAL,
    LOCAL
  }

  /** Why it raises an alert; none where it does not. */
  public List<Reason> reasons() {
    List<Reason> reasons = new ArrayList<>();
    if (lowLikelihood) {
      reasons.add(Reason.LOW_LIKELIHOOD);
    }
    if (atypical) {
      reasons.add(Reason.ATYPICAL);
    }
    if (local) {
      reasons.add(Reason.LOCAL);
    }
    return List.copyOf(reasons);
  }

  /** For any reason. */
  public boolean alert() {
    return lowLikelihood || atypical || local;
  }
}
