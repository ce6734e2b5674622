package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.util.Arrays;

/** Which bits of which coefficients the scans have sent so far; told from their headers alone. */
final class JpegProgress {
  private static final int COEFFICIENTS = 64;
  private static final int NOT_SENT = -1;

  private final JpegFrame frame;

  /** Lowest bit sent, by component and coefficient. */
  private final int[][] lowest;

  JpegProgress(JpegFrame frame) {
    this.frame = frame;
    lowest = new int[frame.components().size()][COEFFICIENTS];
    for (int[] component : lowest) {
      Arrays.fill(component, NOT_SENT);
    }
  }

  /**
   * Takes a scan.
   *
   * @throws ImageRejectedException if it sends bits again, or before those above them
   */
  void add(JpegScan scan) throws ImageRejectedException {
    for (int component : scan.components()) {
      int[] sent = lowest[component];
      if (!frame.progressive()) {
        Arrays.fill(sent, 0);
        continue;
      }
      boolean inOrder = scan.first() == 0 || sent[0] != NOT_SENT;
      for (int k = scan.first(); k <= scan.last(); k++) {
        inOrder &=
            sent[k] == NOT_SENT ? scan.high() == 0 : scan.high() > 0 && scan.high() == sent[k];
        sent[k] = scan.low();
      }
      if (!inOrder) {
        throw new ImageRejectedException(
            Reason.MALFORMED,
            "The JPEG's scans repeat or skip bits of its coefficients %d to %d"
                .formatted(scan.first(), scan.last()));
      }
    }
  }

  /** Whether there is something of each component. */
  boolean showsAll() {
    for (int[] sent : lowest) {
      if (sent[0] == NOT_SENT) {
        return false;
      }
    }
    return true;
  }

  /** Whether there is all of each component. */
  boolean isComplete() {
    for (int[] sent : lowest) {
      for (int low : sent) {
        if (low != 0) {
          return false;
        }
      }
    }
    return true;
  }
}
