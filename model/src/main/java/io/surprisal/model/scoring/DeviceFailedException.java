package io.surprisal.model.scoring;

/** No image can be scored on this device any more: another process has to take over. */
public final class DeviceFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  DeviceFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
