package io.surprisal.trainer.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where runs keep their images, checkpoints and candidates. Of those that ended without a release
 * the newest stay, for whoever asks why.
 */
public final class RunDirectories {

  /** Ended runs that stay. */
  private static final int KEPT = 5;

  private final Path all;

  /**
   * @param all the directory of the directories; need not be there
   */
  public RunDirectories(Path all) {
    this.all = all;
  }

  /** The directory of a run, whether or not it is there. */
  Path of(String runId) {
    return all.resolve(runId);
  }

  /** Deletes what a run has left. */
  void delete(String runId) throws IOException {
    delete(of(runId));
  }

  /** Deletes all runs but the newest, and those that have not ended. */
  void retain(Set<String> open) throws IOException {
    if (!Files.isDirectory(all)) {
      return;
    }
    List<Path> newestFirst;
    try (Stream<Path> runs = Files.list(all)) {
      newestFirst =
          runs.filter(run -> !open.contains(run.getFileName().toString()))
              .sorted(Comparator.comparing(RunDirectories::modified).reversed())
              .toList();
    }
    for (Path run : newestFirst.stream().skip(KEPT).toList()) {
      delete(run);
    }
  }

  private static void delete(Path run) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(run)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException e) {
      return; // nothing is left
    }
    for (Path file : deepestFirst) {
      Files.deleteIfExists(file);
    }
  }

  private static long modified(Path run) {
    try {
      return Files.getLastModifiedTime(run).toMillis();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
