package io.surprisal.service.web;

/** A request cannot be answered as it is wanted; the message names the thing and the remedy. */
final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final int status;

  /**
   * @param status of HTTP, 400 to 599
   */
  RefusedException(int status, String message) {
    super(message);
    this.status = status;
  }

  int status() {
    return status;
  }
}
