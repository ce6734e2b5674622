package io.surprisal.model.compression;

/** A message that no encoder has written, or that was written with another arithmetic. */
final class CorruptMessageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CorruptMessageException(String message) {
    super(message);
  }
}
