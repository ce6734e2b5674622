package io.surprisal.model.batching;

/**
 * The device that scores is dead or hangs. No image is to blame: whoever scores stops, and leaves
 * its images to another.
 */
public final class DeviceFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message names the device and what to do
   */
  public DeviceFailedException(String message) {
    super(message);
  }

  /**
   * @param message names the device and what to do
   */
  public DeviceFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
