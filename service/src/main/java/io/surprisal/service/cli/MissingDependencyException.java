package io.surprisal.service.cli;

import org.jspecify.annotations.Nullable;

/**
 * Something that the command needs and that lies outside it is not there: a broker, a release, a
 * file, a free port, a writable directory. The command ends with exit code 3 and the message, which
 * names the thing and the remedy in one line.
 */
public final class MissingDependencyException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public MissingDependencyException(String message) {
    super(message);
  }

  public MissingDependencyException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
