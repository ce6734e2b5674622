package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoriesTest {
  @TempDir Path folder;
  private RunDirectories runs;

  @BeforeEach
  void open() {
    runs = new RunDirectories(folder.resolve("runs"));
  }

  /** A run with files, the later the greater its number. */
  private void run(int number) throws IOException {
    Path directory = Files.createDirectories(runs.of("run-" + number));
    Files.writeString(directory.resolve("plan.json"), "{}");
    Files.writeString(directory.resolve("candidate.safetensors"), "weights");
    Files.setLastModifiedTime(directory, FileTime.fromMillis(1_000_000L * number));
  }

  private List<String> left() throws IOException {
    try (Stream<Path> runs = Files.list(folder.resolve("runs"))) {
      return runs.map(path -> path.getFileName().toString()).toList();
    }
  }

  @Test
  void shouldDeleteARunWhoseReleaseIsInTheStore() throws IOException {
    run(1);
    run(2);
    runs.delete("run-1");
    runs.delete("run-7"); // was never there
    assertThat(left()).containsExactly("run-2");
  }

  @Test
  void shouldKeepTheNewestRunsAndThoseThatGoOn() throws IOException {
    for (int number : new int[] {4, 9, 1, 7, 2, 8, 3, 6, 5}) {
      run(number);
    }
    runs.retain(Set.of("run-1"));
    assertThat(left())
        .containsExactlyInAnyOrder("run-1", "run-5", "run-6", "run-7", "run-8", "run-9");
  }

  @Test
  void shouldHaveNothingToDoBeforeTheFirstRun() throws IOException {
    runs.retain(Set.of());
    assertThat(folder.resolve("runs")).doesNotExist();
  }
}
