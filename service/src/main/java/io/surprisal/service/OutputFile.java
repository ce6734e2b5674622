package io.surprisal.service;

import java.nio.file.Files;
import java.nio.file.Path;

/** A file that a command will write when its work is done. */
final class OutputFile {
  private OutputFile() {}

  /**
   * Checks before the work that the file can be written after it.
   *
   * @throws MissingDependencyException if it is a directory, or lies where nobody may write; names
   *     option and remedy
   */
  static void require(Path file, String option) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new MissingDependencyException(file + " is a directory; name a file with " + option);
    }
    WritableDirectory.require(folder, option);
  }
}
