package io.surprisal.topology;

/**
 * Images that waited for their scores when their scorer ended have been deleted from the input
 * topic before another could read them again.
 *
 * <p>It stops the member, and each one that takes the partition over: nobody goes on over a loss
 * unasked. Who accepts it starts the members with {@link StreamSettings#ACCEPT_LOST_IMAGES}; then
 * the loss is logged as an error, and the partition goes on with the images that are left.
 */
public final class ImagesLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message names topic, partition and offsets
   */
  ImagesLostException(String message) {
    super(message);
  }
}
