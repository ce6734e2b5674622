package io.surprisal.model.runtime;

/** An explicitly named device is missing on this machine. */
public final class DeviceUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  DeviceUnavailableException(String message) {
    super(message);
  }
}
