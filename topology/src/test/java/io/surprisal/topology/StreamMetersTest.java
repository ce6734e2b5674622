package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.MetricName;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.sources.WatchRules;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a scorer tells of its images, by a topology that scores them. */
class StreamMetersTest {
  private static final double EVERY_OTHER = 0.5;

  private static final byte[] NO_KEY = null;

  @TempDir Path directory;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private double count(MetricName name) {
    Collection<Counter> counters = registry.find(name.id()).counters();
    return counters.stream().mapToDouble(Counter::count).sum();
  }

  @Test
  void shouldCountWhatBecomesOfImagesAndKeepTheLabelsOfSourcesBounded() throws Exception {
    Release release = TestReleases.calibrated(directory);
    int sources = 2 * StreamMeters.MOST_SOURCES;
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, TestReleases.EVALUATIONS)) {
      ServedModel model = TestReleases.served(release, scorer, EVERY_OTHER);
      ScoringTopology topology =
          new ScoringTopology(
              DrivenTopology.TOPICS,
              () -> model,
              Optional::empty,
              DecodingLimits.defaults(),
              DrivenTopology.MAX_DEAD_LETTER,
              Duration.ofMinutes(1),
              WatchRules.usual(),
              registry);
      try (DrivenTopology driver =
          new DrivenTopology(
              topology,
              DrivenTopology.NOTHING_TO_READ,
              new SurvivingStore(),
              directory.resolve("state"))) {
        var images = driver.images();
        for (int i = 0; i < sources; i++) {
          images.pipeInput(
              NO_KEY,
              TestImages.bytes(
                  TestImages.raw("image-" + i, TestImages.greyPixels(i)).setSource("camera-" + i)));
        }
        images.pipeInput(NO_KEY, new byte[] {1, 2, 3});
        images.pipeInput(NO_KEY, (byte[]) null);
      }
      assertThat(count(MetricName.IMAGES_SCORED)).isEqualTo(sources);
      assertThat(topology.counts().scored()).isEqualTo(sources);
      assertThat(topology.counts().alerted()).isPositive();
      assertThat(count(MetricName.ALERTS))
          .isGreaterThanOrEqualTo((double) topology.counts().alerted());
    }
    assertThat(count(MetricName.IMAGES_REFUSED)).isEqualTo(2);
    assertThat(registry.find(MetricName.IMAGES_REFUSED.id()).tag("reason", "NULL_VALUE").counter())
        .isNotNull();
    assertThat(registry.find(MetricName.IMAGES_SCORED.id()).counters())
        .hasSize(StreamMeters.MOST_SOURCES + 1);
    assertThat(
            registry
                .get(MetricName.IMAGES_SCORED.id())
                .tag("source", StreamMeters.OTHERS)
                .counter()
                .count())
        .isEqualTo(sources - StreamMeters.MOST_SOURCES);
    assertThat(registry.get(MetricName.DECODING.id()).timer().count()).isEqualTo(sources);
    assertThat(registry.get(MetricName.SCORING.id()).timer().count()).isEqualTo(sources);
    assertThat(registry.get(MetricName.LATENCY.id()).timer().count()).isEqualTo(sources + 2);
    assertThat(registry.get(MetricName.EVALUATIONS.id()).summary().mean())
        .isEqualTo(TestReleases.EVALUATIONS);
  }
}
