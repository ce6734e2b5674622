package io.surprisal.topology.kafka;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images have been deleted from the input topic before they had scores: those that waited for their
 * scores when their scorer ended, before another could read them again, or those that no scorer had
 * read yet.
 *
 * <p>It stops the member, and each one that takes the partition over: nobody goes on over a loss
 * unasked. Who accepts it starts the members with {@link StreamSettings#ACCEPT_LOST_IMAGES}; then
 * the loss is logged as an error, and the partition goes on with the images that are left.
 */
public final class ImagesLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(ImagesLostException.class);

  /**
   * @param message names topic, partition and offsets
   */
  public ImagesLostException(String message) {
    super(message);
  }

  /**
   * Logs a loss.
   *
   * @param loss names topic, partition and offsets; not ended by a full stop
   * @throws ImagesLostException unless the settings accept it
   */
  public static void report(String loss, StreamSettings settings) {
    if (settings.acceptsLostImages()) {
      LOG.error("{}; the loss is accepted", loss);
      return;
    }
    String remedy =
        "%s. Make the retention longer than any downtime; to go on without them, start with --kafka %s=true"
            .formatted(loss, StreamSettings.ACCEPT_LOST_IMAGES);
    LOG.error("{}", remedy);
    throw new ImagesLostException(remedy);
  }
}
