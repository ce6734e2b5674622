package io.surprisal.topology.records;

/** An image fails a check of this room. */
public final class NotScoredException extends Exception {
  private static final long serialVersionUID = 1L;

  private final DeadLetterReason reason;

  NotScoredException(DeadLetterReason reason, String message) {
    super(message);
    this.reason = reason;
  }

  DeadLetterReason reason() {
    return reason;
  }
}
