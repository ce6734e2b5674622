package io.surprisal.model.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several devices side by side; here the CPU twice. */
class ReplicasTest {
  private static final ModelConfiguration MODEL = TinyModels.grey();
  private static final int WORKERS = TorchRuntime.workers(Device.cpu());
  private static final Execution TWICE =
      new Execution(List.of(Device.cpu(), Device.cpu()), Precision.FLOAT32, 2 * WORKERS);
  private static final int K = 2;
  private static final int DEADLINE_SECONDS = 60;

  @TempDir Path folder;
  private Release release;

  @BeforeEach
  void untrained() throws IOException {
    release = Release.untrained(folder.resolve("m"), MODEL, 1);
  }

  @Test
  void shouldFillTheFirstDeviceBeforeTheNext() {
    try (Replicas replicas = new Replicas(MODEL, release.parameters(), TWICE, false)) {
      Set<Replicas.Replica> all = new HashSet<>();
      replicas.onEach(all::add);
      assertThat(all).hasSize(2);

      List<Replicas.Replica> taken = new ArrayList<>();
      nest(replicas, 2 * WORKERS + 2, taken);

      Replicas.Replica first = taken.get(0);
      assertThat(taken.subList(0, WORKERS)).containsOnly(first);
      assertThat(taken.subList(WORKERS, 2 * WORKERS)).doesNotContain(first);
      assertThat(taken.subList(2 * WORKERS, 2 * WORKERS + 2))
          .as("all are busy: shared out")
          .containsExactlyInAnyOrderElementsOf(all);
      List<Replicas.Replica> later = new ArrayList<>();
      nest(replicas, 1, later);
      assertThat(later).as("all were given back").containsExactly(first);
    }
  }

  /** Takes a device while it holds those before. */
  private static void nest(Replicas replicas, int depth, List<Replicas.Replica> taken) {
    if (depth > 0) {
      replicas.onOne(
          replica -> {
            taken.add(replica);
            nest(replicas, depth - 1, taken);
          });
    }
  }

  @Test
  void shouldGiveBackADeviceWhereWorkFails() {
    try (Replicas replicas = new Replicas(MODEL, release.parameters(), TWICE, false)) {
      Set<Replicas.Replica> taken = new HashSet<>();
      for (int i = 0; i < WORKERS + 1; i++) {
        assertThatExceptionOfType(IllegalStateException.class)
            .isThrownBy(
                () ->
                    replicas.onOne(
                        replica -> {
                          taken.add(replica);
                          throw new IllegalStateException("out of memory");
                        }));
      }
      assertThat(taken).hasSize(1);
    }
  }

  @Test
  void shouldScoreAlikeOnAllOfThem() throws Exception {
    try (ImageScorer one = new ImageScorer(release, Execution.CPU, K);
        ImageScorer several = new ImageScorer(release, TWICE, K);
        BatchScorer batches = new BatchScorer(TWICE.workers(), 2, Duration.ofMillis(1), 64)) {
      List<ImageLikelihood> blanks = several.scoreBlank();
      assertThat(blanks).hasSize(2);
      assertThat(blanks.get(1).bitsPerDim()).isEqualTo(blanks.get(0).bitsPerDim());
      ScoringQueue queue = batches.queue(several);
      List<PixelImage> images = new ArrayList<>();
      List<Future<ImageLikelihood>> scores = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        images.add(TinyModels.noise(MODEL, i));
        scores.add(queue.submit(images.get(i)));
      }
      for (int i = 0; i < 40; i++) {
        assertThat(scores.get(i).get(DEADLINE_SECONDS, TimeUnit.SECONDS).bitsPerDim())
            .isCloseTo(one.score(images.get(i)).bitsPerDim(), within(1e-3));
      }
    }
  }

  @Test
  void shouldNeedADevice() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Execution(List.of(), Precision.FLOAT32, 1));
  }
}
