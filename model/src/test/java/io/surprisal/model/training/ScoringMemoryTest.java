package io.surprisal.model.training;

import static io.surprisal.model.training.NativeMemory.DATA;
import static io.surprisal.model.training.NativeMemory.KIBIBYTES_OF_NOISE;
import static io.surprisal.model.training.NativeMemory.MODEL;
import static io.surprisal.model.training.NativeMemory.WARM_UP;
import static io.surprisal.model.training.NativeMemory.nativeKibibytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.ImageScorer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Native handles and resident memory in the long run of a scorer. */
@Tag("soak")
class ScoringMemoryTest {
  private static final int BATCH = 4;

  @TempDir private Path folder;

  @Test
  void shouldStayFlatOverTwentyThousandImages() throws IOException {
    Release release = Release.untrained(folder.resolve("tiny.safetensors"), MODEL, 1);
    int before = TorchRuntime.nativeHandles();
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, 2)) {
      for (int call = 0; call < WARM_UP; call++) {
        scorer.score(batch(call));
      }
      int handles = TorchRuntime.nativeHandles();
      long memory = nativeKibibytes();
      for (int call = 0; call < 20_000 / BATCH; call++) {
        scorer.score(batch(call));
      }
      assertThat(TorchRuntime.nativeHandles()).isEqualTo(handles).isGreaterThan(before);
      assertThat(nativeKibibytes()).isLessThan(memory + KIBIBYTES_OF_NOISE);
    }
    assertThat(TorchRuntime.nativeHandles()).isEqualTo(before);
  }

  private static List<PixelImage> batch(int call) {
    return IntStream.range(0, BATCH).mapToObj(i -> DATA.image((call + i) % 20)).toList();
  }
}
