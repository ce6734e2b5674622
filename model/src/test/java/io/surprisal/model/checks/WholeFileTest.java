package io.surprisal.model.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir Path folder;

  @Test
  void shouldReplaceAFileOnlyByAWholeOne() throws IOException {
    Path file = folder.resolve("file");
    WholeFile.write(file, out -> out.write(new byte[] {1, 2}));
    WholeFile.write(file, out -> out.write(new byte[] {3}));
    assertThat(file).hasBinaryContent(new byte[] {3});
    assertThatIOException()
        .isThrownBy(
            () ->
                WholeFile.write(
                    file,
                    out -> {
                      out.write(4);
                      throw new IOException("no more");
                    }))
        .withMessage("no more");
    assertThat(file).hasBinaryContent(new byte[] {3});
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  /** The words are the system's own, and name no file. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void shouldNameTheFileThatADiskHasNoRoomFor() throws IOException {
    Path file = folder.resolve("file");
    assertThatIOException()
        .isThrownBy(
            () ->
                WholeFile.write(
                    file,
                    out -> {
                      out.write(1);
                      try (OutputStream full = Files.newOutputStream(Path.of("/dev/full"))) {
                        full.write(2);
                      }
                    }))
        .withMessage(file + ": No space left on device");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void shouldLeaveNothingBesideAFileThatCannotBeReplaced() throws IOException {
    Path file = Files.createDirectory(folder.resolve("file"));
    Files.createFile(file.resolve("in the way"));
    assertThatIOException()
        .isThrownBy(() -> WholeFile.force(folder.resolve("partial"), file, new byte[] {1}));
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }
}
