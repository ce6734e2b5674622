package io.surprisal.topology.sources;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * What a source sent of late: counts whose weights fall by 1/e an hour.
 *
 * @param images weight of all images, at the latest one
 * @param alerts of those that raised an alert
 * @param repaired of those whose files had to be repaired
 * @param deadLetters of those that became dead letters
 * @param known milliseconds from the first image to the latest, weighted alike: at most an hour
 */
record Tally(double images, double alerts, double repaired, double deadLetters, double known) {

  private static final double HOUR_MILLIS = 3600e3;

  static final Tally NONE = new Tally(0, 0, 0, 0, 0);

  /**
   * With one image more.
   *
   * @param pause milliseconds since the one before
   */
  Tally with(Observation image, long pause) {
    double kept = Math.exp(-pause / HOUR_MILLIS);
    return new Tally(
        images * kept + 1,
        alerts * kept + (image.alert() ? 1 : 0),
        repaired * kept + (image.repaired() ? 1 : 0),
        deadLetters * kept + (image.look().isEmpty() ? 1 : 0),
        known * kept + HOUR_MILLIS * (1 - kept));
  }

  /** Images a second up to the latest one; 0 of fewer than two. */
  double perSecond() {
    return known == 0 ? 0 : Math.max(0, images - 1) / (known / 1000);
  }

  double share(double of) {
    return images == 0 ? 0 : of / images;
  }

  void write(DataOutputStream out) throws IOException {
    out.writeDouble(images);
    out.writeDouble(alerts);
    out.writeDouble(repaired);
    out.writeDouble(deadLetters);
    out.writeDouble(known);
  }

  static Tally read(DataInputStream in) throws IOException {
    return new Tally(
        in.readDouble(), in.readDouble(), in.readDouble(), in.readDouble(), in.readDouble());
  }
}
