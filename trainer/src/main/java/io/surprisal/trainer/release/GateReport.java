package io.surprisal.trainer.release;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * What the gate found.
 *
 * @param reasons why the candidate is refused, one sentence each; empty: it passes
 * @param bitsPerDim mean of the candidate on the held-out images
 * @param activeBitsPerDim mean of the active release on the same images and noise
 * @param increaseLowerBound one-sided 99 % lower bound of the increase, bits/dim
 * @param images held-out images
 */
public record GateReport(
    List<String> reasons,
    double bitsPerDim,
    OptionalDouble activeBitsPerDim,
    OptionalDouble increaseLowerBound,
    int images) {

  public GateReport {
    reasons = List.copyOf(reasons);
  }

  public boolean passed() {
    return reasons.isEmpty();
  }

  /** For people. */
  public String summary() {
    String figures =
        activeBitsPerDim.isPresent()
            ? String.format(
                Locale.ROOT,
                "%.4f bits/dim on %d held-out images, the active release %.4f",
                bitsPerDim,
                images,
                activeBitsPerDim.getAsDouble())
            : String.format(Locale.ROOT, "%.4f bits/dim on %d held-out images", bitsPerDim, images);
    return passed() ? figures : String.join("; ", reasons) + " (" + figures + ")";
  }
}
