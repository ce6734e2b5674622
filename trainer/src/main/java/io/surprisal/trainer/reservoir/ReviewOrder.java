package io.surprisal.trainer.reservoir;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * In which order signed reviews of an alert hold: none that is older than one already heard comes
 * back, whatever becomes of their topic meanwhile. What was heard lies in the reservoir, for as
 * long as the image can.
 */
public final class ReviewOrder {
  private final Reservoir reservoir;

  /**
   * @param reservoir stays the caller's
   */
  public ReviewOrder(Reservoir reservoir) {
    this.reservoir = reservoir;
  }

  /**
   * Whether a review is as new as all that were heard of its alert, and remembered from now on.
   *
   * @param alertId 32 hexadecimal digits
   * @param number what its signature says of when it was given, in milliseconds since 1970
   * @param when it is read
   */
  public boolean takes(ReservoirImage.Place place, String alertId, long number, Instant when) {
    byte[] key = StoredForm.heard(place, alertId);
    OptionalLong heard = heard(key, StoredForm.review(place, alertId));
    if (heard.isPresent() && number < heard.getAsLong()) {
      return false; // an equal one is the same one, read again
    }
    reservoir.put(key, StoredForm.heard(when, number));
    return true;
  }

  /** Of a review that an earlier version heard is known when it was read alone, which counts. */
  private OptionalLong heard(byte[] key, byte[] mark) {
    return reservoir
        .get(key)
        .map(StoredForm::given)
        .or(() -> reservoir.get(mark).map(StoredForm::number))
        .stream()
        .mapToLong(Long::longValue)
        .findFirst();
  }
}
