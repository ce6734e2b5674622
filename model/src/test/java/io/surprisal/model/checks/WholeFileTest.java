package io.surprisal.model.checks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
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
}
