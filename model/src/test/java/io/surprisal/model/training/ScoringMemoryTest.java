package io.surprisal.model.training;

import static io.surprisal.model.training.NativeMemory.DATA;
import static io.surprisal.model.training.NativeMemory.KIBIBYTES_OF_NOISE;
import static io.surprisal.model.training.NativeMemory.MODEL;
import static io.surprisal.model.training.NativeMemory.WARM_UP;
import static io.surprisal.model.training.NativeMemory.nativeKibibytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.ImageScorer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Native handles and resident memory in the long run of a scorer. */
@Tag("soak")
class ScoringMemoryTest {
  @TempDir private Path folder;

  @Test
  void shouldStayFlatOverTwentyThousandImages() throws IOException {
    Release release = Release.untrained(folder.resolve("tiny.safetensors"), MODEL, 1);
    int before = TorchRuntime.nativeHandles();
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, 2)) {
      for (int image = 0; image < WARM_UP; image++) {
        scorer.score(DATA.image(image % 20));
      }
      int handles = TorchRuntime.nativeHandles();
      long memory = nativeKibibytes();
      for (int image = 0; image < 20_000; image++) {
        scorer.score(DATA.image(image % 20));
      }
      assertThat(TorchRuntime.nativeHandles()).isEqualTo(handles).isGreaterThan(before);
      assertThat(nativeKibibytes()).isLessThan(memory + KIBIBYTES_OF_NOISE);
    }
    assertThat(TorchRuntime.nativeHandles()).isEqualTo(before);
  }
}
