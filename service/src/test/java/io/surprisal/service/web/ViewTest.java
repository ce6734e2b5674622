package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.service.options.ReviewTrust;
import io.surprisal.service.steer.ReviewSender;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ViewTest {
  private static final Duration AT_ONCE = Duration.ofMillis(1);
  private static final long NOW = 1_000_000;
  private final View view = new View("images", InstantSource.fixed(Instant.ofEpochMilli(NOW)));

  static AnomalyAlert alert(int number, String source) {
    String id = "%032x".formatted(number);
    return AnomalyAlert.newBuilder()
        .setRepairs(List.of())
        .setBoxes(List.of())
        .setAlertId(id)
        .setIncidentId(id)
        .setReasons(List.of(number % 2 == 0 ? AlertReason.LOCAL : AlertReason.ATYPICAL))
        .setImageId("image-" + number)
        .setSource(source)
        .setEventTime(Instant.ofEpochSecond(number))
        .setReleaseId("ab".repeat(32))
        .setPrecision("float32")
        .setBitsPerDim(4.5)
        .setStandardError(0)
        .setEvaluations(8)
        .setAlertRate(0.01)
        .setLocation(new ImageLocation("images", 0, (long) number))
        .build();
  }

  private static ImageScore score(int number, String source) {
    return ImageScore.newBuilder()
        .setRepairs(List.of())
        .setImageId("image-" + number)
        .setSource(source)
        .setEventTime(Instant.ofEpochSecond(number))
        .setReleaseId("ab".repeat(32))
        .setPrecision("float32")
        .setBitsPerDim(4 + number)
        .setStandardError(0)
        .setPrior(0)
        .setDiffusion(0)
        .setReconstruction(0)
        .setNoiseLevels(List.of())
        .setSquaredErrors(List.of())
        .setEvaluations(8)
        .setVerdict(ScoreVerdict.ALERT)
        .setLocation(new ImageLocation(number == 0 ? "elsewhere" : "images", 1, (long) number))
        .build();
  }

  private void tellAlert(int number) {
    view.alert(alert(number, "camera"), new Place(0, number), number);
  }

  private static AlertFilter filter(Map<String, String> values) {
    return AlertFilter.of(new Query(values));
  }

  private List<String> images(Map<String, String> filter) {
    AlertFilter wanted = filter(filter);
    return view.alerts(wanted, wanted.limit()).stream()
        .map(found -> found.seen().alert().getImageId())
        .toList();
  }

  private void review(int number, ReviewVerdict verdict) {
    AlertReview review =
        ReviewSender.of(alert(number, "camera"))
            .setVerdict(verdict)
            .setReviewedBy("Ada")
            .setReviewedAt(Instant.EPOCH)
            .setNote("")
            .build();
    view.review(review, ReviewTrust.ANYBODY);
  }

  @Test
  void shouldKeepTheLatestAlertsAndNoMore() {
    for (int i = 0; i < 10_100; i++) {
      tellAlert(i);
    }

    assertThat(view.alertCount()).isEqualTo(10_000);
    assertThat(view.alert("%032x".formatted(99))).isEmpty();
    assertThat(view.alert("%032x".formatted(100))).isPresent();
    assertThat(images(Map.of("limit", "2"))).containsExactly("image-10099", "image-10098");
  }

  private void tellStorm(int first, int count) {
    for (int i = first; i < first + count; i++) {
      AnomalyAlert alert = alert(i, "storm");
      alert.setIncidentId("5".repeat(32));
      view.alert(alert, new Place(0, i), i);
    }
  }

  @Test
  void shouldNotLetAStormPushAwayWhatOthersSay() {
    tellStorm(0, 9_900);
    for (int i = 10_000; i < 10_200; i++) {
      tellAlert(i);
    }
    tellStorm(20_000, 30_000);

    assertThat(view.alertCount()).isEqualTo(10_000);
    assertThat(view.alert("%032x".formatted(10_000))).isPresent();
    assertThat(view.alert("%032x".formatted(10_199))).isPresent();
    assertThat(view.alert("%032x".formatted(50_000 - 9_801)))
        .as("of the storm the oldest")
        .isEmpty();
    assertThat(images(Map.of("limit", "200")))
        .hasSize(200)
        .startsWith("image-49999", "image-49998")
        .endsWith("image-49800");
    assertThat(images(Map.of("source", "camera", "limit", "200"))).hasSize(200);
  }

  @Test
  void shouldLetAStormThatIsOverGiveWay() {
    tellStorm(0, 10_000);
    for (int i = 10_000; i < 20_000; i++) {
      tellAlert(i);
    }

    assertThat(view.alertCount()).isEqualTo(10_000);
    assertThat(images(Map.of("source", "storm", "limit", "200"))).hasSize(0);
    assertThat(images(Map.of("limit", "1"))).containsExactly("image-19999");
  }

  @Test
  void shouldFindWhatSomebodyLooksAtAlsoWhenItIsNoLongerListed() {
    tellStorm(0, 10);
    assertThat(view.alert("%032x".formatted(3))).isPresent();

    tellStorm(10, 20_000);

    assertThat(view.alert("%032x".formatted(4))).isEmpty();
    assertThat(view.alert("%032x".formatted(3))).isPresent();
    view.restart();
    assertThat(view.alert("%032x".formatted(3))).isEmpty();
  }

  @Test
  void shouldKeepTheLatestScoresOfTheLatestSources() {
    for (int i = 0; i < 500; i++) {
      view.score(score(i, "one"), NOW);
    }
    assertThat(view.scores("one"))
        .hasSize(400)
        .first()
        .extracting(SeenScore::at)
        .isEqualTo(100_000L);
    for (int i = 0; i < 299; i++) {
      view.score(score(i, "source-" + i), NOW);
    }
    assertThat(view.sourceNames()).hasSize(300).contains("one");
    view.score(score(1, "another"), NOW);
    assertThat(view.sourceNames()).hasSize(300).doesNotContain("one").contains("another");
  }

  @Test
  void shouldMeasureHowLongThoseScoresTookThatCameWhileItLooked() {
    view.score(score(1, "camera"), NOW - 3_600_000);
    view.caughtUp();
    assertThat(view.latency()).as("what lay there at the start says nothing").isEmpty();

    view.score(score(2, "camera"), NOW - 80);

    assertThat(view.latency())
        .contains(new LatencyWindow.Measured(1, LatencyWindow.WINDOW_SECONDS, 80, 80, 80));
  }

  @Test
  void shouldKnowPicturesOfTheTopicOfImagesAlone() {
    view.score(score(0, "a"), NOW);
    view.score(score(1, "b"), NOW);

    assertThat(view.lastScore("a").orElseThrow().place()).isNull();
    assertThat(view.lastScore("b").orElseThrow().place()).isEqualTo(new Place(1, 1));
    assertThat(view.lastScore("c")).isEmpty();
  }

  @Test
  void shouldBringIntoOrderWhatWasReadPartitionByPartition() {
    tellAlert(5);
    tellAlert(9);
    tellAlert(2);
    tellAlert(7);
    long before = view.alert("%032x".formatted(7)).orElseThrow().seen().number();

    view.caughtUp();
    tellAlert(3);

    assertThat(images(Map.of()))
        .as("what comes later is later, whatever it says of its time")
        .containsExactly("image-3", "image-9", "image-7", "image-5", "image-2");
    assertThat(view.alert("%032x".formatted(2)).orElseThrow().seen().number())
        .as("a page that knows older numbers takes none for another")
        .isGreaterThan(before);
  }

  @Test
  void shouldShowAnAlertThatWasToldTwiceOnce() {
    tellAlert(1);
    tellAlert(2);
    tellAlert(1);

    assertThat(images(Map.of())).containsExactly("image-1", "image-2");
    assertThat(view.unreviewed()).isEqualTo(2);
  }

  @Test
  void shouldFilterAlerts() {
    for (int i = 0; i < 10; i++) {
      view.alert(alert(i, i < 5 ? "left" : "right"), new Place(0, i), i);
    }
    review(8, ReviewVerdict.CONFIRMED);
    review(6, ReviewVerdict.FALSE_ALARM);

    assertThat(images(Map.of("source", "right", "reason", "LOCAL", "review", "none"))).isEmpty();
    assertThat(images(Map.of("source", "right", "reason", "ATYPICAL", "since", "7000")))
        .containsExactly("image-9", "image-7");
    assertThat(images(Map.of("review", "any"))).containsExactly("image-8", "image-6");
    assertThat(images(Map.of("review", "false-alarm"))).containsExactly("image-6");
    assertThat(images(Map.of("until", "1000"))).containsExactly("image-1", "image-0");
    long third = view.alert("%032x".formatted(2)).orElseThrow().seen().number();
    assertThat(images(Map.of("before", String.valueOf(third))))
        .containsExactly("image-1", "image-0");
    assertThat(view.unreviewed()).isEqualTo(8);
  }

  @Test
  void shouldLetTheLastReviewHold() {
    tellAlert(1);
    review(1, ReviewVerdict.CONFIRMED);
    review(1, ReviewVerdict.UNSURE);

    assertThat(view.alert("%032x".formatted(1)).orElseThrow().review())
        .map(AlertReview::getVerdict)
        .contains(ReviewVerdict.UNSURE);
  }

  @Test
  void shouldKeepOfAWindowWhatWasToldLast() {
    for (int images : new int[] {3, 8}) {
      view.statistics(
          SourceStatistics.newBuilder()
              .setSource("camera")
              .setWindowStart(Instant.EPOCH)
              .setWindowEnd(Instant.ofEpochSecond(60))
              .setReleaseId("ab")
              .setImages(images)
              .setAlerts(0)
              .setAlertRate(0)
              .setImagesPartition(2)
              .build());
    }

    assertThat(view.statistics("camera"))
        .singleElement()
        .extracting(SourceStatistics::getImages)
        .isEqualTo(8L);
  }

  @Test
  void shouldSayWhatHasChangedAndNotWaitForEver() throws Exception {
    View.Versions before = view.await(-1, AT_ONCE);
    assertThat(view.await(before.total(), AT_ONCE).total()).isEqualTo(before.total());

    tellAlert(1);
    tellAlert(2);
    View.Versions after = view.await(before.total(), Duration.ofSeconds(30));

    assertThat(after.parts()).containsEntry(Part.ALERTS, 2L).containsEntry(Part.SCORES, 0L);
  }

  @Test
  void shouldWakeWhoWaitsOnceForSeveralThingsToldTogether() throws Exception {
    long known = view.await(-1, AT_ONCE).total();
    Thread teller = new Thread(() -> view.tell(() -> List.of(1, 2, 3).forEach(this::tellAlert)));
    teller.start();

    assertThat(view.await(known, Duration.ofSeconds(30)).total()).isEqualTo(known + 3);
    teller.join();
  }

  @Test
  void shouldTellOfTheBrokerOnlyWhatChanges() throws Exception {
    long known = view.await(-1, AT_ONCE).total();
    view.broker(Optional.empty());
    assertThat(view.await(known, AT_ONCE).total()).isEqualTo(known);
    view.broker(Optional.of("gone"));
    view.broker(Optional.of("gone"));
    assertThat(view.await(known, AT_ONCE).total()).isEqualTo(known + 1);
    assertThat(view.brokerTrouble()).contains("gone");
  }
}
