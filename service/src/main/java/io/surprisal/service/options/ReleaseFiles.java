package io.surprisal.service.options;

import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.service.cli.MissingDependencyException;
import java.io.IOException;
import java.nio.file.Path;

/** Releases that the user names. */
public final class ReleaseFiles {
  private ReleaseFiles() {}

  /**
   * Loads and verifies a release.
   *
   * @throws MissingDependencyException if the file is not a sound release
   */
  public static Release load(Path file) throws IOException {
    try {
      return Release.load(file);
    } catch (ReleaseException e) {
      throw new MissingDependencyException(
          e.getMessage() + "; name a release that surprisal fit wrote", e);
    }
  }
}
