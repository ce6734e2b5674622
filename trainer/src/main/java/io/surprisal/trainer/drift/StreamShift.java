package io.surprisal.trainer.drift;

import io.surprisal.trainer.reservoir.ReservoirImage;
import java.time.Instant;
import java.util.Optional;

/**
 * A change of the stream that has lasted.
 *
 * @param source that has changed; empty: several have, or the stream as a whole
 * @param change what images have become
 * @param since when it began, nearly
 * @param images since then
 */
public record StreamShift(
    Optional<String> source, CusumDetector.Change change, Instant since, long images) {

  /** Whether an image is of what has changed, from before it did: no longer what is normal. */
  public boolean isBefore(ReservoirImage image) {
    return concerns(image) && image.arrived().isBefore(since);
  }

  /** Whether an image is of what has changed, and so normal from now on. */
  public boolean covers(ReservoirImage image) {
    return concerns(image) && !image.arrived().isBefore(since);
  }

  private boolean concerns(ReservoirImage image) {
    return source.map(image.source()::equals).orElse(true);
  }

  /** For people. */
  public String summary() {
    return "%s has become %s since %s, for %d images"
        .formatted(
            source.map(name -> "source " + name).orElse("the stream"), change, since, images);
  }
}
