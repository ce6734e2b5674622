package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.SourceAlertKind;
import io.surprisal.schemas.SourceAlertState;
import io.surprisal.schemas.SourceAspect;
import io.surprisal.schemas.SourceStatus;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.sources.SourceWatch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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

/** What the topology says of sources, from image records to alerts; the driver's clock is moved. */
class SourceAlertsTest {

  private static final Duration PAUSE = Duration.ofMinutes(2);

  @TempDir static Path directory;
  @TempDir Path state;
  private static Release release;
  private static ImageScorer scorer;

  private final SurvivingStore pending = new SurvivingStore();
  private final SurvivingStore windows = new SurvivingStore(ScoringTopology.WINDOWS);
  private final DrivenTopology.Sources sources = new DrivenTopology.Sources();
  private final List<SourceAlert> alerts = new ArrayList<>();
  private Instant now = TestImages.TIME;
  private DrivenTopology driver;
  private TestInputTopic<byte[], byte[]> images;
  private TestOutputTopic<byte[], SourceAlert> raised;
  private TestOutputTopic<byte[], SourceStatus> status;

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
    ServedModel model = TestReleases.served(release, scorer, 0.01);
    driver =
        new DrivenTopology(
            new ScoringTopology(
                DrivenTopology.TOPICS,
                model,
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
            DrivenTopology.TOPICS.sourceAlerts(),
            RecordFormat.of(SourceAlert.class).serde().deserializer());
    status =
        driver.output(
            DrivenTopology.TOPICS.sources(),
            RecordFormat.of(SourceStatus.class).serde().deserializer());
  }

  @AfterEach
  void stop() {
    if (driver != null) {
      driver.close();
      driver = null;
    }
  }

  /** An image each two minutes, each of other pixels. */
  private void publish(int count, int seed) {
    for (int i = 0; i < count; i++) {
      publish(TestImages.greyPixels(seed + i));
    }
  }

  private void publish(byte[] pixels) {
    wait(PAUSE);
    send(TestImages.bytes(TestImages.raw("id", pixels)));
    alerts.addAll(raised.readValuesToList());
  }

  /** Sends a record now: the driver's clock and the senders' go alike. */
  private void send(byte[] value) {
    images.pipeInput(null, value, now);
  }

  private void wait(Duration time) {
    for (Duration waited = Duration.ZERO; waited.compareTo(time) < 0; ) {
      driver.advance(SourceWatch.TICK);
      waited = waited.plus(SourceWatch.TICK);
      now = now.plus(SourceWatch.TICK);
    }
    alerts.addAll(raised.readValuesToList());
  }

  private void assertAlerts(SourceAlertState... states) {
    assertThat(alerts).extracting(SourceAlert::getState).containsExactly(states);
    assertThat(alerts).extracting(SourceAlert::getIncidentId).containsOnly(id());
    assertThat(alerts).extracting(SourceAlert::getSource).containsOnly("line-3");
  }

  private String id() {
    return alerts.get(0).getIncidentId();
  }

  @Test
  void shouldTellOfAFrozenCameraOnceOverRestarts() {
    publish(40, 0);
    for (int i = 0; i < 9; i++) {
      publish(TestImages.greyPixels(1000));
    }
    assertThat(alerts).isEmpty();
    start();
    publish(TestImages.greyPixels(1000));
    assertAlerts(SourceAlertState.OPENED);
    assertThat(alerts.get(0).getKind()).isEqualTo(SourceAlertKind.FROZEN);
    assertThat(alerts.get(0).getAspect()).isEqualTo(SourceAspect.SAME_PIXELS);
    assertThat(alerts.get(0).getCount()).isEqualTo(10);
    start();
    publish(TestImages.greyPixels(1000));
    start();
    publish(1, 2000);

    assertAlerts(SourceAlertState.OPENED, SourceAlertState.CLEARED);
    assertThat(alerts.get(1).getCount()).isEqualTo(11);
  }

  @Test
  void shouldTellOfASilentSourceByTheWallClockAndOfItsReturn() {
    publish(40, 0);
    wait(Duration.ofMinutes(7));
    assertThat(alerts).isEmpty();
    wait(Duration.ofMinutes(2)); // four times its pause of two minutes
    assertAlerts(SourceAlertState.OPENED);
    start();
    wait(Duration.ofHours(1));
    publish(1, 100);

    assertAlerts(SourceAlertState.OPENED, SourceAlertState.CLEARED);
    assertThat(alerts.get(0).getKind()).isEqualTo(SourceAlertKind.SILENT);
    assertThat(alerts.get(0).getThreshold()).isEqualTo(480);
  }

  /** Files that no decoder takes, but records that name their source. */
  @Test
  void shouldTellOfASourceWhoseFilesAreBroken() {
    publish(70, 0);
    byte[] png = TestImages.file(BodyFormat.PNG, 8, 8);
    for (int i = 0; i < 40; i++) {
      wait(PAUSE);
      send(TestImages.bytes(TestImages.event("id", BodyFormat.PNG, TestImages.firstHalf(png))));
      send(new byte[] {1, 2, 3}); // of no source that anybody knows
    }
    alerts.addAll(raised.readValuesToList());

    assertAlerts(SourceAlertState.OPENED);
    assertThat(alerts.get(0).getAspect()).isEqualTo(SourceAspect.DEAD_LETTERS);
  }

  @Test
  void shouldTellHowEachSourceIs() {
    publish(60, 0);
    send(TestImages.bytes(TestImages.raw("id", TestImages.checkerboard()).setSource("line-4")));
    wait(Duration.ofSeconds(10));

    List<TestRecord<byte[], SourceStatus>> told = status.readRecordsToList();
    assertThat(told.subList(told.size() - 2, told.size()))
        .extracting(
            record -> new String(record.key(), StandardCharsets.UTF_8),
            record -> record.value().getSource(),
            record -> record.value().getImages(),
            record -> record.value().getAlertShare() == 1)
        .containsExactlyInAnyOrder(
            tuple("line-3", "line-3", 60L, false), tuple("line-4", "line-4", 1L, true));
  }
}
