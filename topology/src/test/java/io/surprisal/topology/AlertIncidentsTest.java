package io.surprisal.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.RecordFormat;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the topology says of incidents, from image records to their end, over restarts. */
class AlertIncidentsTest {

  @TempDir static Path directory;
  @TempDir Path state;
  private static Release release;
  private static ImageScorer scorer;

  private final SurvivingStore pending = new SurvivingStore();
  private final SurvivingStore windows = new SurvivingStore(ScoringTopology.WINDOWS);
  private final DrivenTopology.Sources sources = new DrivenTopology.Sources();
  private final List<AnomalyAlert> alerts = new ArrayList<>();
  private final List<TestRecord<byte[], AlertIncident>> told = new ArrayList<>();
  private DrivenTopology driver;
  private TestInputTopic<byte[], byte[]> images;
  private TestOutputTopic<byte[], AnomalyAlert> raised;
  private TestOutputTopic<byte[], AlertIncident> incidents;
  private int published;

  @BeforeAll
  static void loadTheModel() throws Exception {
    release = TestReleases.calibrated(directory);
    scorer = new ImageScorer(release, Execution.CPU, TestReleases.EVALUATIONS);
  }

  @AfterAll
  static void closeTheModel() {
    scorer.close();
  }

  @BeforeEach
  void start() {
    stop();
    driver =
        new DrivenTopology(
            new ScoringTopology(
                DrivenTopology.TOPICS,
                TestReleases.served(release, scorer, 0.01),
                DecodingLimits.defaults(),
                DrivenTopology.MAX_DEAD_LETTER),
            DrivenTopology.NOTHING_TO_READ,
            pending,
            windows,
            sources,
            state);
    images = driver.images();
    raised =
        driver.output(
            DrivenTopology.TOPICS.alerts(),
            RecordFormat.of(AnomalyAlert.class).serde().deserializer());
    incidents =
        driver.output(
            DrivenTopology.TOPICS.incidents(),
            RecordFormat.of(AlertIncident.class).serde().deserializer());
  }

  @AfterEach
  void stop() {
    if (driver != null) {
      driver.close();
      driver = null;
    }
  }

  private void publish(int count, byte[] pixels) {
    for (int i = 0; i < count; i++) {
      images.pipeInput(TestImages.bytes(TestImages.raw("image-" + published++, pixels)));
      driver.letTheTimerRun();
    }
    alerts.addAll(raised.readValuesToList());
    told.addAll(incidents.readRecordsToList());
  }

  private AlertIncident last() {
    return told.get(told.size() - 1).value();
  }

  @Test
  void shouldNameAStormsAlertsAlikeOverRestartsAndTellItsEnd() {
    for (int part = 0; part < 3; part++) {
      publish(8, TestImages.checkerboard());
      publish(2, TestImages.greyPixels(part));
      start();
    }
    assertThat(alerts).hasSize(24);
    assertThat(alerts)
        .extracting(AnomalyAlert::getIncidentId)
        .containsOnly(alerts.get(0).getAlertId());
    assertThat(told)
        .extracting(record -> record.value().getAlerts())
        .containsExactly(1L, 2L, 4L, 8L, 16L);
    publish(73, TestImages.greyPixels(0));

    assertThat(last().getState()).isEqualTo(IncidentState.CLOSED);
    assertThat(last().getSource()).isEqualTo("line-3");
    assertThat(last().getAlerts()).isEqualTo(24);
    assertThat(last().getReleaseId()).isEqualTo(release.id());
    assertThat(told)
        .extracting(record -> new String(record.key(), UTF_8))
        .containsOnly(alerts.get(0).getAlertId() + "-0");
    publish(1, TestImages.checkerboard());
    assertThat(alerts.get(24).getIncidentId())
        .isEqualTo(alerts.get(24).getAlertId())
        .isNotEqualTo(alerts.get(0).getIncidentId());
  }

  @Test
  void shouldTellTheEndWhereTheSourceSendsNothingMore() {
    publish(1, TestImages.checkerboard());
    assertThat(last().getState()).isEqualTo(IncidentState.OPEN);

    driver.advance(Duration.ofHours(1).plus(ScoringProcessor.TELL_INTERVAL));
    told.addAll(incidents.readRecordsToList());

    assertThat(last().getState()).isEqualTo(IncidentState.CLOSED);
  }
}
