package io.surprisal.service.bench;

/** The user has asked for the end before a measurement had its figures. */
final class StoppedException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  StoppedException() {
    super("stopped before the measurement was done");
  }
}
