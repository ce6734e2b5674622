package io.surprisal.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeardSequenceTest {
  @TempDir private Path folder;

  @Test
  void shouldKeepTheNumberOverARestart() throws IOException {
    Path file = folder.resolve("state").resolve("heard");
    assertThat(new HeardSequence(file).read()).isZero();
    new HeardSequence(file).keep(1_790_000_000_123L);
    new HeardSequence(file).keep(1_790_000_000_124L);
    assertThat(new HeardSequence(file).read()).isEqualTo(1_790_000_000_124L);
    assertThat(file.getParent()).isDirectoryContaining(path -> path.equals(file));
  }

  @Test
  void shouldSayWhichFileIsDamaged() throws IOException {
    Path file = Files.writeString(folder.resolve("heard"), "nonsense");
    assertThatIOException()
        .isThrownBy(() -> new HeardSequence(file).read())
        .withMessageContaining(file.toString());
  }
}
