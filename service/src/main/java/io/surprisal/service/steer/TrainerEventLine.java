package io.surprisal.service.steer;

import io.surprisal.schemas.TrainerEvent;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** What people read of an event of the trainer: one line, of what it has to tell. */
final class TrainerEventLine {
  private TrainerEventLine() {}

  static String of(TrainerEvent event) {
    StringBuilder line =
        new StringBuilder(
            String.format(Locale.ROOT, "%s  %-16s", event.getEventTime(), event.getType()));
    if (event.getCommandId() != null) {
      line.append("  command ").append(event.getCommandId());
    }
    if (event.getReleaseId() != null) {
      line.append("  release ").append(event.getReleaseId(), 0, 12).append('…');
    }
    if (event.getStep() > 0) {
      line.append("  step ").append(event.getStep());
    }
    if (event.getHeldOutBitsPerDim() != null) {
      line.append(
          String.format(Locale.ROOT, "  held-out %.4f bits/dim", event.getHeldOutBitsPerDim()));
    }
    if (event.getImagesPerSecond() != null) {
      line.append(String.format(Locale.ROOT, "  %.1f images/s", event.getImagesPerSecond()));
    }
    if (event.getSecondsLeft() != null) {
      line.append(String.format(Locale.ROOT, "  %.0f s left", event.getSecondsLeft()));
    }
    if (event.getReleaseExpectedAt() != null) {
      line.append("  release expected at ")
          .append(event.getReleaseExpectedAt().truncatedTo(ChronoUnit.SECONDS));
    }
    if (!event.getMessage().isEmpty()) {
      line.append("  ").append(event.getMessage());
    }
    return line.toString();
  }
}
