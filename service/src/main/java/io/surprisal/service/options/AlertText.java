package io.surprisal.service.options;

import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.PictureBox;
import java.util.Locale;
import java.util.stream.Collectors;

/** Parts of a line about an alert, wherever one is printed. */
public final class AlertText {
  private AlertText() {}

  /** Above which score it alerts for low likelihood, in brackets; empty where there is no bound. */
  public static String threshold(AnomalyAlert alert) {
    return alert.getThreshold() == null
        ? ""
        : String.format(Locale.ROOT, " (threshold %.4f)", alert.getThreshold());
  }

  /** Its p-value for all reasons together; empty where an earlier version wrote it. */
  public static String pValue(AnomalyAlert alert) {
    return alert.getPValue() == null
        ? ""
        : String.format(Locale.ROOT, "  p %.2g", alert.getPValue());
  }

  /** Why it was raised. */
  public static String reasons(AnomalyAlert alert) {
    return alert.getReasons().stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  /**
   * Where in the picture, each box after two blanks; empty where no part alerts.
   *
   * @param most so many of the strongest; how many there are beyond is said
   */
  public static String boxes(AnomalyAlert alert, int most) {
    int left = alert.getBoxes().size() - most;
    return alert.getBoxes().stream().limit(most).map(AlertText::box).collect(Collectors.joining())
        + (left > 0 ? "  and " + left + " more" : "");
  }

  private static String box(PictureBox box) {
    return String.format(
        Locale.ROOT,
        "  [%d×%d at %d,%d: %.1f σ]",
        box.getWidth(),
        box.getHeight(),
        box.getLeft(),
        box.getTop(),
        box.getSurprise());
  }
}
