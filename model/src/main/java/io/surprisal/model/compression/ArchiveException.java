package io.surprisal.model.compression;

import java.io.IOException;

/** A file that is no archive, a damaged one, or one that this machine or release cannot decode. */
public final class ArchiveException extends IOException {
  private static final long serialVersionUID = 1L;

  public ArchiveException(String message) {
    super(message);
  }

  public ArchiveException(String message, Throwable cause) {
    super(message, cause);
  }
}
