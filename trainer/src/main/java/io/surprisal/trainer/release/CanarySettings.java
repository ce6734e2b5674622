package io.surprisal.trainer.release;

import java.time.Duration;
import java.util.OptionalDouble;

/**
 * How candidates are tried on live traffic before they serve.
 *
 * @param share of the images that each candidate which passed the gate scores too, in (0, 1];
 *     empty: those serve at once
 * @param images that both releases must have scored before it is decided, at least 2
 * @param patience a candidate that has not scored so many by then is refused
 */
public record CanarySettings(OptionalDouble share, long images, Duration patience) {

  /** Of commands that name none. */
  public static final double DEFAULT_SHARE = 0.1;

  /** Images unless configured. */
  public static final long DEFAULT_IMAGES = 500;

  public CanarySettings {
    if ((share.isPresent() && !(share.getAsDouble() > 0 && share.getAsDouble() <= 1))
        || images < 2
        || patience.isNegative()) {
      throw new IllegalArgumentException(
          "a canary on a share of %s, decided on %d images within %s"
              .formatted(share, images, patience));
    }
  }

  /** The share of a candidate that no command named one for. */
  double shareOrDefault() {
    return share.orElse(DEFAULT_SHARE);
  }
}
