package io.surprisal.service.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** A file that a command will write when its work is done. */
public final class OutputFile {
  private OutputFile() {}

  /**
   * Checks before the work that a picture can be written after it.
   *
   * @throws ParameterException if the name does not end in .png
   * @throws MissingDependencyException as {@link #require} does
   */
  public static void requirePng(Path file, String option, CommandLine command) {
    require(file, option);
    if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
      throw new ParameterException(
          command, option + " draws PNG: name a file that ends in .png, not " + file);
    }
  }

  /**
   * Checks before the work that the file can be written after it.
   *
   * @throws MissingDependencyException if it is a directory, or lies where nobody may write; names
   *     option and remedy
   */
  public static void require(Path file, String option) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new MissingDependencyException(file + " is a directory; name a file with " + option);
    }
    WritableDirectory.require(folder, option);
  }
}
