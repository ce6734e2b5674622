package io.surprisal.topology.serving;

import io.surprisal.model.release.Release;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/** A release on its device, ready to serve. Owns native memory; {@link #close} frees it. */
public interface LoadedModel extends AutoCloseable {

  /**
   * Brings a release onto its device, and scores an image with it, so that the first is no later.
   */
  @FunctionalInterface
  interface Loader {

    /**
     * @throws IllegalArgumentException if the release cannot serve here: it gives no finite score,
     *     or is calibrated for another way of scoring
     */
    LoadedModel load(Release release);
  }

  /**
   * Serves with an alert rate.
   *
   * @param alertRate share of normal images to alert on, in (0, 1); empty: as this member is set up
   * @throws IllegalArgumentException if the release cannot serve so
   */
  ServedModel at(OptionalDouble alertRate);

  /**
   * Is tried in the shadow of another.
   *
   * @param alertRate as of {@link #at}
   * @param share of the images, in (0, 1]
   * @param refusal is told why it cannot be tried any further
   * @throws IllegalArgumentException if the release cannot serve so
   */
  ShadowModel inShadow(OptionalDouble alertRate, double share, Consumer<String> refusal);

  /**
   * Takes no more images, and waits for those at hand.
   *
   * @return false if some were still at work when the time was over; the model must not be closed
   *     then
   */
  boolean retire(Duration timeout) throws InterruptedException;

  @Override
  void close();
}
