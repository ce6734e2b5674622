package io.surprisal.model.training;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ModelConfiguration;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What the long runs look at, and the network that they run. */
final class NativeMemory {
  static final int WARM_UP = 300;
  static final long KIBIBYTES_OF_NOISE = 24 << 10;
  private static final Path STATUS = Path.of("/proc/self/status");

  /** With everything that makes arrays: two objectives, two precisions, two resolutions. */
  static final FitConfiguration FIT =
      ModelTrainerTest.FIT.with(
          Map.of(
              "schedule", "LEARNED_MONOTONE",
              "prediction", "V",
              "precision", "BFLOAT16",
              "optimizer", "MUON",
              "coarse", List.of(Map.of("width", 8, "blocks", 1))));

  static final ModelConfiguration MODEL = FIT.model(new ImageShape(1, 8, 8));
  static final ImageDataset DATA = TinyModels.noiseDataset(MODEL, 20);

  private NativeMemory() {}

  /** Resident memory of this process without the Java heap, which is resident as committed. */
  static long nativeKibibytes() throws IOException {
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
