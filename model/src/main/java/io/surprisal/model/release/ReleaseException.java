package io.surprisal.model.release;

import java.io.IOException;

/** A file that is not a release of this system: damaged, of other shapes, or not finite. */
public final class ReleaseException extends IOException {
  private static final long serialVersionUID = 1L;

  public ReleaseException(String message) {
    super(message);
  }

  public ReleaseException(String message, Throwable cause) {
    super(message, cause);
  }
}
