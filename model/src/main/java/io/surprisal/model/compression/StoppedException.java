package io.surprisal.model.compression;

/** Coding was asked to stop; nothing of it is of use. */
public final class StoppedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  StoppedException() {
    super("stopped before the end");
  }
}
