package io.surprisal.service.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A directory that a command is about to write to. */
public final class WritableDirectory {

  private WritableDirectory() {}

  /**
   * Makes the directory and its parents where they lack.
   *
   * @throws MissingDependencyException if it cannot be made or written to; names option and remedy
   */
  public static Path require(Path directory, String option) {
    try {
      Files.createDirectories(directory);
      Files.delete(Files.createTempFile(directory, ".writable", null));
      return directory;
    } catch (IOException e) {
      throw new MissingDependencyException(
          "cannot write to the directory "
              + directory.toAbsolutePath()
              + "; change its rights or name another with "
              + option,
          e);
    }
  }
}
