package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.serving.ShadowModel;
import io.surprisal.topology.sources.WatchRules;
import io.surprisal.topology.statistics.Comparisons;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A candidate beside the release that serves, which is a real, tiny network. */
class ShadowScoringTest {
  private static final double ALERT_RATE = 0.01;

  @TempDir static Path directory;
  @TempDir Path state;
  private static Release release;
  private static ImageScorer scorer;

  private final HeldSpareLane lane = new HeldSpareLane();
  private final List<String> refusals = new ArrayList<>();
  private Optional<ShadowModel> candidate;
  private DrivenTopology driver;
  private TestInputTopic<byte[], byte[]> images;
  private TestOutputTopic<byte[], ImageScore> scores;
  private TestOutputTopic<byte[], AnomalyAlert> alerts;
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
    candidate = Optional.of(candidate("candidate", 1));
    start(image -> CompletableFuture.completedFuture(scorer.score(image)));
  }

  private void start(ScoringQueue queue) {
    stop();
    ServedModel model =
        ServedModel.of(release, queue, TestReleases.EVALUATIONS, scorer.precision(), ALERT_RATE);
    driver =
        new DrivenTopology(
            new ScoringTopology(
                DrivenTopology.TOPICS,
                () -> model,
                () -> candidate,
                DecodingLimits.defaults(),
                DrivenTopology.MAX_DEAD_LETTER,
                Duration.ofMinutes(1),
                WatchRules.usual(),
                new SimpleMeterRegistry()),
            DrivenTopology.NOTHING_TO_READ,
            new SurvivingStore(),
            state);
    images = driver.images();
    scores =
        driver.output(
            DrivenTopology.TOPICS.scores(),
            RecordFormat.of(ImageScore.class).serde().deserializer());
    alerts =
        driver.output(
            DrivenTopology.TOPICS.alerts(),
            RecordFormat.of(AnomalyAlert.class).serde().deserializer());
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

  private ShadowModel candidate(String id, double share) {
    return new ShadowModel(
        id,
        release.preprocessing(),
        lane,
        AlertRules.of(release, TestReleases.EVALUATIONS, scorer.precision(), ALERT_RATE),
        share,
        refusals::add);
  }

  private static ImageLikelihood likelihood(double bitsPerDim) {
    return new ImageLikelihood(bitsPerDim, 0, 0, 0, 0, new float[0], new float[0], 1, 0);
  }

  private SourceStatistics told() {
    driver.letTheTellerRun();
    List<SourceStatistics> all = statistics.readValuesToList();
    return all.get(all.size() - 1);
  }

  @Test
  void shouldCompareBothReleasesImageByImage() {
    images.pipeInput(TestImages.good(1));
    images.pipeInput(TestImages.good(2));
    images.pipeInput(TestImages.bytes(TestImages.raw("odd", TestImages.checkerboard())));
    List<Double> served =
        scores.readValuesToList().stream().map(ImageScore::getBitsPerDim).toList();
    double[] differences = {-0.1, -0.3, -0.2};
    for (int i = 0; i < differences.length; i++) {
      lane.answers().get(i).complete(likelihood(served.get(i) + differences[i]));
    }

    SourceStatistics told = told();

    assertThat(told.getImages()).isEqualTo(3);
    assertThat(told.getReleaseId()).isEqualTo(release.id());
    assertThat(told.getCandidateReleaseId()).isEqualTo("candidate");
    assertThat(told.getCompared()).isEqualTo(3);
    assertThat(told.getNotCompared()).isZero();
    assertThat(told.getComparedMeanBitsPerDim()).isCloseTo(told.getMeanBitsPerDim(), within(1e-9));
    assertThat(told.getCandidateMeanBitsPerDim() - told.getComparedMeanBitsPerDim())
        .isCloseTo(-0.2, within(1e-6));
    // The differences' standard deviation is 0.1, whatever the scores' own is.
    assertThat(told.getDifferenceStandardError()).isCloseTo(0.1 / Math.sqrt(3), within(1e-6));
    assertThat(told.getComparedAlerts()).isEqualTo(1);
    assertThat(told.getCandidateAlerts()).isEqualTo(1);
    assertThat(told.getCommonAlerts()).isEqualTo(1);
  }

  @Test
  void shouldHoldNoImageBackAndGiveEachItsOneScore() {
    for (int seed = 0; seed < 10; seed++) {
      images.pipeInput(TestImages.good(seed));
    }

    assertThat(scores.readValuesToList())
        .hasSize(10)
        .allSatisfy(score -> assertThat(score.getReleaseId()).isEqualTo(release.id()));
    assertThat(told().getCompared()).isZero();

    lane.answers().forEach(answer -> answer.complete(likelihood(100))); // later, and all alerting

    assertThat(told().getCompared()).isEqualTo(10);
    assertThat(scores.isEmpty()).isTrue();
    assertThat(alerts.isEmpty()).isTrue();
  }

  @Test
  void shouldCountWhatTheCandidateHadNoTimeFor() {
    lane.setBusy(true);
    images.pipeInput(TestImages.good(1));
    lane.setBusy(false);
    images.pipeInput(TestImages.good(2));
    lane.answers().get(0).complete(likelihood(5));

    SourceStatistics told = told();

    assertThat(told.getImages()).isEqualTo(2);
    assertThat(told.getCompared()).isEqualTo(1);
    assertThat(told.getNotCompared()).isEqualTo(1);
  }

  @Test
  void shouldGiveUpTheOldestWhereTheCandidateLagsTooFarBehind() {
    int lag = Comparisons.MOST + 20;
    for (int seed = 0; seed < lag; seed++) {
      images.pipeInput(TestImages.good(seed));
    }

    assertThat(lane.answers().stream().filter(CompletableFuture::isCancelled)).hasSize(20);
    assertThat(told().getNotCompared()).isEqualTo(20);
    assertThat(scores.readValuesToList()).hasSize(lag);
  }

  @Test
  void shouldRefuseACandidateThatGivesNoFiniteScoreAndGoOn() {
    images.pipeInput(TestImages.good(1));
    lane.answers().get(0).complete(likelihood(Double.NaN));
    images.pipeInput(TestImages.good(2));
    lane.answers().get(1).completeExceptionally(new IllegalStateException("out of memory"));

    assertThat(told().getCompared()).isZero();
    assertThat(refusals)
        .satisfiesExactly(
            first -> assertThat(first).contains("NaN bits/dim"),
            second -> assertThat(second).contains("out of memory"));
    assertThat(scores.readValuesToList()).hasSize(2);
  }

  @Test
  void shouldBeginAnewWithAnotherCandidate() {
    images.pipeInput(TestImages.good(1));
    lane.answers().get(0).complete(likelihood(5));
    assertThat(told().getCompared()).isEqualTo(1);
    candidate = Optional.of(candidate("another", 1));
    images.pipeInput(TestImages.good(2));
    lane.answers().get(1).complete(likelihood(5));

    SourceStatistics told = told();

    assertThat(told.getCandidateReleaseId()).isEqualTo("another");
    assertThat(told.getCompared()).isEqualTo(1);
    assertThat(told.getImages()).isEqualTo(2);
  }

  @Test
  void shouldGiveThePendingImagesOfTheCandidateUpWithTheirOwner() {
    HeldQueue queue = new HeldQueue();
    start(queue);
    images.pipeInput(TestImages.good(1)); // no release has scored it
    stop();

    assertThat(lane.answers().get(0)).isCancelled();
  }

  /**
   * Of 2,000 images a share of 0.2 takes 400 ± 18: outside 300 to 500 with probability 3e-8. The
   * ids are fixed, so it does or does not for good.
   */
  @Test
  void shouldTakeTheSameShareOfTheImagesEverywhere() {
    List<String> ids = IntStream.range(0, 2000).mapToObj(i -> "image-" + i).toList();
    List<String> some = ids.stream().filter(id -> candidate("a", 0.2).takes("cam", id)).toList();
    List<String> again = ids.stream().filter(id -> candidate("b", 0.2).takes("cam", id)).toList();
    List<String> more = ids.stream().filter(id -> candidate("a", 0.5).takes("cam", id)).toList();

    assertThat(some).hasSizeBetween(300, 500).isEqualTo(again);
    assertThat(more).containsAll(some);
    assertThat(ids.stream().filter(id -> candidate("a", 1).takes("cam", id))).hasSize(2000);
  }
}
