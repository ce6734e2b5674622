package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemporaryFolderTest {
  @TempDir private Path outside;

  @Test
  void shouldDeleteWhatLiesInItAndNotWhatALinkPointsTo() throws IOException {
    Path kept = Files.writeString(outside.resolve("kept"), "kept");
    Path path;
    try (TemporaryFolder folder = TemporaryFolder.create("surprisal-test")) {
      path = folder.path();
      Path deep = Files.createDirectories(path.resolve("a").resolve("b"));
      Files.writeString(deep.resolve("file"), "deleted");
      Files.createSymbolicLink(deep.resolve("link"), outside);
      assertThat(deep.resolve("link").resolve("kept")).exists();
    }
    assertThat(path).doesNotExist();
    assertThat(kept).hasContent("kept");
  }
}
