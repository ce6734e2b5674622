package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.scoring.ImageScorer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Native handles and resident memory in the long run. */
@Tag("soak")
class NativeMemoryTest {
  private static final int WARM_UP = 300;
  private static final long KIBIBYTES_OF_NOISE = 48 << 10;
  private static final Path STATUS = Path.of("/proc/self/status");

  /** With everything that makes arrays: two objectives, two precisions, two resolutions. */
  private static final FitConfiguration FIT =
      ModelTrainerTest.FIT.with(
          Map.of(
              "schedule", "LEARNED_MONOTONE",
              "prediction", "V",
              "precision", "BFLOAT16",
              "optimizer", "MUON",
              "coarse", List.of(Map.of("width", 8, "blocks", 1))));

  private static final ModelConfiguration MODEL = FIT.model(new ImageShape(1, 8, 8));
  private static final ImageDataset DATA = TinyModels.noiseDataset(MODEL, 20);

  @TempDir private Path folder;

  @Test
  void shouldStayFlatOverThreeThousandSteps() throws IOException {
    int before = TorchRuntime.nativeHandles();
    try (ModelTrainer trainer = new ModelTrainer(MODEL, FIT, Device.cpu(), 2, 7)) {
      for (int step = 0; step < WARM_UP; step++) {
        trainer.step(DATA, new int[] {step % 20, 19 - step % 20}, 1);
      }
      int handles = TorchRuntime.nativeHandles();
      long memory = nativeKibibytes();
      for (int step = 0; step < 3_000; step++) {
        trainer.step(DATA, new int[] {step % 20, 19 - step % 20}, 1);
      }
      assertThat(TorchRuntime.nativeHandles()).isEqualTo(handles).isGreaterThan(before);
      assertThat(nativeKibibytes()).isLessThan(memory + KIBIBYTES_OF_NOISE);
    }
    assertThat(TorchRuntime.nativeHandles()).isEqualTo(before);
  }

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

  /** Resident memory of this process without the Java heap, which is resident as committed. */
  private static long nativeKibibytes() throws IOException {
    assumeTrue(Files.exists(STATUS), "resident memory is read from " + STATUS);
    assumeTrue(
        ManagementFactory.getRuntimeMXBean().getInputArguments().contains("-XX:+AlwaysPreTouch"),
        "the heap is told apart only where the JVM runs with -XX:+AlwaysPreTouch");
    long resident =
        Files.readAllLines(STATUS).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElseThrow();
    return resident
        - (ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted() >> 10);
  }
}
