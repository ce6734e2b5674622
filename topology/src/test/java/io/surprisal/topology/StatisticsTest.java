package io.surprisal.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.sources.WatchRules;
import io.surprisal.topology.statistics.SourceWindow;
import io.surprisal.topology.statistics.SourceWindows;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the topic statistics says of images that a real, tiny network has scored. */
class StatisticsTest {
  private static final double ALERT_RATE = 0.01;
  private static final Duration WINDOW = Duration.ofMinutes(1);

  /** Begins a window, long before now. */
  private static final Instant START = Instant.parse("2026-01-02T03:04:00Z");

  @TempDir static Path directory;
  @TempDir Path state;
  private static Release release;
  private static ImageScorer scorer;

  private final SurvivingStore pending = new SurvivingStore();
  private final SurvivingStore windows = new SurvivingStore(ScoringTopology.WINDOWS);
  private DrivenTopology driver;
  private TestInputTopic<byte[], byte[]> images;
  private TestOutputTopic<byte[], ImageScore> scores;
  private TestOutputTopic<byte[], SourceStatistics> statistics;

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
    ServedModel model = TestReleases.served(release, scorer, ALERT_RATE);
    driver =
        new DrivenTopology(
            new ScoringTopology(
                DrivenTopology.TOPICS,
                () -> model,
                Optional::empty,
                DecodingLimits.defaults(),
                DrivenTopology.MAX_DEAD_LETTER,
                WINDOW,
                WatchRules.usual(),
                new SimpleMeterRegistry()),
            DrivenTopology.NOTHING_TO_READ,
            pending,
            windows,
            state);
    images = driver.images();
    scores =
        driver.output(
            DrivenTopology.TOPICS.scores(),
            RecordFormat.of(ImageScore.class).serde().deserializer());
    statistics =
        driver.output(
            DrivenTopology.TOPICS.statistics(),
            RecordFormat.of(SourceStatistics.class).serde().deserializer());
  }

  @AfterEach
  void stop() {
    if (driver != null) {
      driver.close();
      driver = null;
    }
  }

  private void publish(String source, Instant taken, byte[] pixels) {
    images.pipeInput(
        TestImages.bytes(
            TestImages.raw(source + taken, pixels).setSource(source).setEventTime(taken)));
  }

  private void publish(String source, Instant taken) {
    publish(source, taken, TestImages.greyPixels(taken.hashCode()));
  }

  private List<SourceStatistics> told() {
    driver.letTheTellerRun();
    return statistics.readValuesToList();
  }

  @Test
  void shouldCountTheRepairedFilesOfASource() {
    byte[] whole = TestImages.file(BodyFormat.PNG, 8, 8);
    byte[] endless = Arrays.copyOf(whole, whole.length - 12);
    for (byte[] file : List.of(whole, endless, whole, endless, endless)) {
      images.pipeInput(
          TestImages.bytes(TestImages.event("", BodyFormat.PNG, file).setEventTime(START)));
    }

    assertThat(told())
        .extracting(SourceStatistics::getImages, SourceStatistics::getRepaired)
        .containsExactly(tuple(5L, 3L));
  }

  /** Else all images of a day would count in the oldest of its windows. */
  @Test
  void shouldLeaveTheTimeOfAScorerWhoseClockWasAhead() {
    driver.advance(Duration.ofDays(1));
    publish("camera", Instant.now().plus(Duration.ofDays(1)));
    assertThat(told()).isNotEmpty();

    start(); // another scorer, whose clock is right
    Instant now = Instant.now();
    publish("camera", now);

    assertThat(told())
        .filteredOn(window -> !window.getWindowStart().isAfter(now))
        .singleElement()
        .satisfies(window -> assertThat(window.getWindowEnd()).isAfter(now));
  }

  /** As a scorer of before wrote it. */
  @Test
  void shouldReadAWindowThatCountedNoRepairs() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(1);
    out.writeLong(7); // scores
    out.writeDouble(3.5);
    out.writeDouble(0.25);
    out.writeLong(2); // alerts
    out.writeDouble(Double.NaN);
    out.writeBoolean(true);
    out.writeBoolean(false);

    SourceWindow window = SourceWindow.serde().deserializer().deserialize("t", bytes.toByteArray());

    assertThat(window.alerts()).isEqualTo(2);
    assertThat(window.repaired()).isZero();
    assertThat(window.told()).isTrue();
    byte[] again = SourceWindow.serde().serializer().serialize("t", window);
    assertThat(SourceWindow.serde().deserializer().deserialize("t", again)).isEqualTo(window);
  }

  @Test
  void shouldTellCountAlertsMeanDeviationAndDriftOfASource() {
    for (int second = 0; second < 9; second++) {
      publish("line-3", START.plusSeconds(second));
    }
    publish("line-3", START.plusSeconds(59), TestImages.checkerboard());

    driver.letTheTellerRun();

    List<Double> bits = scores.readValuesToList().stream().map(ImageScore::getBitsPerDim).toList();
    double mean = bits.stream().mapToDouble(b -> b).average().orElseThrow();
    double deviation = Math.sqrt(bits.stream().mapToDouble(b -> (b - mean) * (b - mean)).sum() / 9);
    float[] calibrated = release.calibration().orElseThrow().bitsPerDim();
    double calibratedMean = 0;
    for (float score : calibrated) {
      calibratedMean += score / calibrated.length;
    }
    TestRecord<byte[], SourceStatistics> record = statistics.readRecord();
    assertThat(statistics.isEmpty()).isTrue();
    assertThat(new String(record.key(), UTF_8)).isEqualTo("line-3");
    SourceStatistics told = record.value();
    assertThat(told.getSource()).isEqualTo("line-3");
    assertThat(told.getOthers()).isFalse();
    assertThat(told.getWindowStart()).isEqualTo(START);
    assertThat(told.getWindowEnd()).isEqualTo(START.plus(WINDOW));
    assertThat(told.getReleaseId()).isEqualTo(release.id());
    assertThat(told.getImagesPartition()).isZero();
    assertThat(told.getImages()).isEqualTo(10);
    assertThat(told.getAlerts()).isEqualTo(1);
    assertThat(told.getAlertRate()).isEqualTo(0.1);
    assertThat(told.getMeanBitsPerDim()).isCloseTo(mean, within(1e-9));
    assertThat(told.getStandardDeviation()).isCloseTo(deviation, within(1e-9));
    assertThat(told.getDriftStatistic())
        .isCloseTo((mean - calibratedMean) / (deviation / Math.sqrt(10)), within(1e-6));
    assertThat(told.getCandidateReleaseId()).isNull();
  }

  @Test
  void shouldKeepWindowsAndSourcesApartAndTellOnlyWhatChanged() {
    publish("a", START);
    publish("b", START);
    publish("a", START.plus(WINDOW));
    assertThat(told())
        .extracting(SourceStatistics::getSource, SourceStatistics::getWindowStart)
        .containsExactlyInAnyOrder(
            tuple("a", START), tuple("b", START), tuple("a", START.plus(WINDOW)));
    assertThat(told()).isEmpty();

    publish("b", START.plusSeconds(1));

    assertThat(told())
        .singleElement()
        .satisfies(
            b -> {
              assertThat(b.getSource()).isEqualTo("b");
              assertThat(b.getImages()).isEqualTo(2);
            });
  }

  @Test
  void shouldRetellAWindowForALateImageAndCountOneThatIsTooLateInTheOldestWindow() {
    publish("a", START);
    Instant last = START.plus(WINDOW.multipliedBy(SourceWindows.OPEN_WINDOWS - 1));
    publish("a", last);
    told();

    publish("a", START.plusSeconds(1));
    publish("a", START.minus(Duration.ofDays(365)));
    publish("a", Instant.EPOCH);
    publish("a", Instant.ofEpochMilli(Long.MIN_VALUE));

    assertThat(told())
        .singleElement()
        .satisfies(
            late -> {
              assertThat(late.getWindowStart()).isEqualTo(START);
              assertThat(late.getImages()).isEqualTo(5);
            });
  }

  /** A camera whose clock is ahead must not close the windows of the others. */
  @Test
  void shouldCountAnImageOfTheFutureNow() {
    Instant now = Instant.now();
    publish("ahead", Instant.ofEpochMilli(Long.MAX_VALUE));
    publish("right", now);

    assertThat(told())
        .hasSize(2)
        .allSatisfy(
            window ->
                assertThat(Duration.between(window.getWindowStart(), now).abs())
                    .isLessThan(WINDOW.multipliedBy(2)));
  }

  @Test
  void shouldCountEveryScoredImageOnceWhateverItsTimeAndSource() {
    Map<List<Object>, Long> counted = new HashMap<>();
    Random random = new Random(1);
    for (int i = 0; i < 300; i++) {
      publish(
          "source-" + random.nextInt(5),
          START.plusSeconds(i * 5L - random.nextInt(2000)),
          TestImages.greyPixels(i));
      if (random.nextInt(20) == 0) {
        told().forEach(w -> counted.put(List.of(w.getSource(), w.getWindowStart()), w.getImages()));
      }
      if (random.nextInt(50) == 0) {
        start(); // the next owner of the partition
      }
    }
    told().forEach(w -> counted.put(List.of(w.getSource(), w.getWindowStart()), w.getImages()));

    assertThat(counted.values().stream().mapToLong(n -> n).sum()).isEqualTo(300);
  }

  @Test
  void shouldTellWhatTheOwnerBeforeCountedAndDidNotTell() {
    publish("a", START);
    publish("a", START.plusSeconds(1));
    start();

    assertThat(told())
        .singleElement()
        .satisfies(window -> assertThat(window.getImages()).isEqualTo(2));
    start();
    assertThat(told()).isEmpty();
  }

  @Test
  void shouldCountSourcesTogetherThatAreTooManyToBeKeptApart() {
    int sources = SourceWindows.MOST_SOURCES + 50;
    for (int i = 0; i < sources; i++) {
      publish("s" + i, START);
    }
    publish("s0", START.plusSeconds(1)); // known already

    List<SourceStatistics> told = told();

    assertThat(told).hasSize(SourceWindows.MOST_SOURCES + 1);
    assertThat(told)
        .filteredOn(SourceStatistics::getOthers)
        .singleElement()
        .satisfies(
            others -> {
              assertThat(others.getSource()).isEmpty();
              assertThat(others.getImages()).isEqualTo(50);
            });
    assertThat(told)
        .filteredOn(window -> window.getSource().equals("s0"))
        .singleElement()
        .satisfies(window -> assertThat(window.getImages()).isEqualTo(2));
  }

  @Test
  void shouldForgetWindowsThatAreToldAndOld() {
    for (int window = 0; window < 3 * SourceWindows.OPEN_WINDOWS; window++) {
      publish("a", START.plus(WINDOW.multipliedBy(window)));
    }
    assertThat(told()).hasSize(3 * SourceWindows.OPEN_WINDOWS);

    driver.close();
    driver = null;

    assertThat(windows.size()).isEqualTo(SourceWindows.OPEN_WINDOWS);
  }
}
