package io.surprisal.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.decoding.Repair;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.CalibrationGroup;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageRepair;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.Topics;
import io.surprisal.topology.records.AlertIds;
import io.surprisal.topology.records.DeadLetter;
import io.surprisal.topology.records.DeadLetterReason;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.serving.ServedModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ScoringTopologyTest {

  private static final double ALERT_RATE = 0.01;
  private static final Topics TOPICS = DrivenTopology.TOPICS;
  private static final int MAX_DEAD_LETTER = DrivenTopology.MAX_DEAD_LETTER;
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);
  private static final byte[] KEY = "key".getBytes(UTF_8);

  @TempDir static Path directory;
  @TempDir Path state;
  private static Release release;
  private static ImageScorer scorer;
  private static ServedModel model;

  private ScoringTopology topology;
  private DrivenTopology driver;
  private TestInputTopic<byte[], byte[]> images;
  private TestOutputTopic<byte[], ImageScore> scores;
  private TestOutputTopic<byte[], AnomalyAlert> alerts;
  private TestOutputTopic<byte[], byte[]> deadLetters;

  @BeforeAll
  static void loadTheModel() throws Exception {
    release = TestReleases.calibrated(directory);
    scorer = new ImageScorer(release, Execution.CPU, TestReleases.EVALUATIONS);
    model = TestReleases.served(release, scorer, ALERT_RATE);
  }

  @AfterAll
  static void closeTheModel() {
    scorer.close();
  }

  @BeforeEach
  void startCalibrated() {
    start(model, MAX_DEAD_LETTER);
  }

  private void start(ServedModel served, int maxDeadLetterBytes) {
    stop();
    topology = new ScoringTopology(TOPICS, served, DecodingLimits.defaults(), maxDeadLetterBytes);
    driver =
        new DrivenTopology(topology, DrivenTopology.NOTHING_TO_READ, new SurvivingStore(), state);
    images = driver.images();
    scores =
        driver.output(TOPICS.scores(), RecordFormat.of(ImageScore.class).serde().deserializer());
    alerts =
        driver.output(TOPICS.alerts(), RecordFormat.of(AnomalyAlert.class).serde().deserializer());
    deadLetters = driver.output(TOPICS.deadLetters(), new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    if (driver != null) {
      driver.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, true",
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01, false",
    "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, false",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01, false",
    "x, false"
  })
  void shouldCarryTheTraceOfAnImageOnAndNoOtherHeader(String parent, boolean carried) {
    start(TestReleases.served(release, scorer, 0.999), MAX_DEAD_LETTER); // nearly all alert
    RecordHeaders headers = new RecordHeaders();
    headers.add("traceparent", parent.getBytes(UTF_8)).add("other", new byte[1000]);
    for (int i = 0; i < 8; i++) {
      images.pipeInput(new TestRecord<>(KEY, TestImages.good(i), headers));
    }

    List<TestRecord<byte[], ?>> written = new ArrayList<>(scores.readRecordsToList());
    int scored = written.size();
    written.addAll(alerts.readRecordsToList());
    assertThat(written.size()).isGreaterThan(scored);
    for (TestRecord<byte[], ?> one : written) {
      assertThat(one.headers().toArray()).hasSize(carried ? 1 : 0);
      if (carried) {
        assertThat(one.headers().lastHeader("traceparent").value())
            .isEqualTo(parent.getBytes(UTF_8));
      }
    }
  }

  @Test
  void shouldScoreAnImageAsTheLibraryDoes() {
    images.pipeInput(KEY, TestImages.good(1));

    TestRecord<byte[], ImageScore> written = scores.readRecord();
    ImageScore score = written.value();
    ImageLikelihood expected = scorer.score(TestReleases.grey(1));
    assertThat(written.key()).isEqualTo(KEY);
    assertThat(written.getRecordTime()).isEqualTo(TestImages.TIME);
    assertThat(score.getImageId()).isEqualTo("good-1");
    assertThat(score.getSource()).isEqualTo("line-3");
    assertThat(score.getEventTime()).isEqualTo(TestImages.TIME);
    assertThat(score.getReleaseId()).isEqualTo(release.id());
    assertThat(score.getPrecision()).isEqualTo(scorer.precision());
    assertThat(score.getBitsPerDim()).isCloseTo(expected.bitsPerDim(), within(1e-6));
    assertThat(score.getPrior() + score.getDiffusion() + score.getReconstruction())
        .isCloseTo(score.getBitsPerDim(), within(1e-9));
    assertThat(score.getNoiseLevels()).hasSize(TestReleases.EVALUATIONS);
    assertThat(score.getSquaredErrors()).hasSize(TestReleases.EVALUATIONS);
    assertThat(score.getEvaluations()).isEqualTo(TestReleases.EVALUATIONS);
    assertThat(score.getVerdict()).isEqualTo(ScoreVerdict.NORMAL);
    assertThat(score.getThreshold()).isGreaterThan(score.getBitsPerDim());
    assertThat(score.getLowLikelihoodPValue()).isBetween(ALERT_RATE, 1.0);
    assertThat(score.getAtypicalPValue()).isNull();
    assertThat(score.getLocation()).isEqualTo(new ImageLocation(TOPICS.images(), 0, 0L));
    assertThat(alerts.isEmpty()).isTrue();
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = BodyFormat.class,
      names = {"PNG", "JPEG"})
  void shouldScoreImageFilesOfAnySizeAndDropNothingOfThem(BodyFormat format) {
    images.pipeInput(
        KEY, TestImages.bytes(TestImages.event("file", format, TestImages.file(format, 30, 20))));

    assertThat(scores.readValue().getBitsPerDim()).isFinite();
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void shouldScoreARepairedFileAsTheUndamagedOneAndSayWhatWasRepaired() {
    byte[] odd = TestImages.file(BodyFormat.PNG, 8, 8, TestImages.checkerboard());
    byte[] damaged = new byte[odd.length - 12 + 2]; // two bytes before, no end
    System.arraycopy(odd, 0, damaged, 2, odd.length - 12);
    images.pipeInput(KEY, event(BodyFormat.PNG, odd));
    images.pipeInput(KEY, event(BodyFormat.FILE, damaged));

    List<ImageScore> scored = scores.readValuesToList();
    List<AnomalyAlert> raised = alerts.readValuesToList();
    assertThat(scored.get(0).getRepairs()).isEmpty();
    assertThat(scored.get(1).getRepairs())
        .containsExactly(ImageRepair.BYTES_BEFORE_START, ImageRepair.NO_END_MARKER);
    assertThat(scored.get(1).getBitsPerDim()).isEqualTo(scored.get(0).getBitsPerDim());
    assertThat(raised)
        .extracting(AnomalyAlert::getRepairs)
        .containsExactly(scored.get(0).getRepairs(), scored.get(1).getRepairs());
  }

  @Test
  void shouldAlertOnAnImprobableImage() {
    images.pipeInput(KEY, TestImages.good(1));
    images.pipeInput(KEY, TestImages.bytes(TestImages.raw("odd", TestImages.checkerboard())));

    List<ImageScore> scored = scores.readValuesToList();
    TestRecord<byte[], AnomalyAlert> written = alerts.readRecord();
    AnomalyAlert alert = written.value();
    assertThat(scored)
        .extracting(ImageScore::getVerdict)
        .containsExactly(ScoreVerdict.NORMAL, ScoreVerdict.ALERT);
    assertThat(scored).extracting(ImageScore::getCalibratedOn).containsOnly(CalibrationGroup.ALL);
    assertThat(alerts.isEmpty()).isTrue();
    assertThat(written.key()).isEqualTo(KEY);
    assertThat(alert.getReasons()).containsExactly(AlertReason.LOW_LIKELIHOOD);
    assertThat(alert.getImageId()).isEqualTo("odd");
    assertThat(alert.getBitsPerDim()).isEqualTo(scored.get(1).getBitsPerDim());
    assertThat(alert.getBitsPerDim()).isGreaterThan(alert.getThreshold());
    assertThat(alert.getLowLikelihoodPValue()).isLessThanOrEqualTo(ALERT_RATE);
    assertThat(alert.getAlertRate()).isEqualTo(ALERT_RATE);
    assertThat(alert.getLocation()).isEqualTo(new ImageLocation(TOPICS.images(), 0, 1L));
    assertThat(alert.getAlertId()).matches("[0-9a-f]{32}");
    assertThat(topology.counts()).isEqualTo(new ScoringCounts(2, 1, 0));
  }

  /** The same image is improbable of one source, and usual of another that scores higher. */
  @Test
  void shouldJudgeEachSourceByItsOwnCalibration() throws Exception {
    Release release =
        TestReleases.ofTwoSources(ScoringTopologyTest.release, state, "left", "right");
    start(TestReleases.served(release, scorer, ALERT_RATE), MAX_DEAD_LETTER);
    for (String source : List.of("left", "right", "never seen")) {
      images.pipeInput(
          KEY,
          TestImages.bytes(TestImages.raw("odd", TestImages.checkerboard()).setSource(source)));
    }

    int n = release.calibration().orElseThrow().images();
    List<ImageScore> scored = scores.readValuesToList();
    assertThat(scored)
        .extracting(ImageScore::getVerdict)
        .containsExactly(ScoreVerdict.ALERT, ScoreVerdict.NORMAL, ScoreVerdict.NORMAL);
    assertThat(scored)
        .extracting(ImageScore::getCalibratedOn)
        .containsExactly(CalibrationGroup.SOURCE, CalibrationGroup.SOURCE, CalibrationGroup.ALL);
    assertThat(scored)
        .extracting(ImageScore::getCalibrationImages)
        .containsExactly(n / 2, n / 2, n);
    assertThat(scored.get(0).getPValue()).isEqualTo(1 / (n / 2 + 1.0));
    assertThat(scored.get(0).getThreshold()).isLessThan(scored.get(1).getThreshold());
    AnomalyAlert alert = alerts.readValue();
    assertThat(alert.getSource()).isEqualTo("left");
    assertThat(alert.getCalibratedOn()).isEqualTo(CalibrationGroup.SOURCE);
    assertThat(alert.getCalibrationImages()).isEqualTo(n / 2);
    assertThat(alert.getThreshold()).isEqualTo(scored.get(0).getThreshold());
  }

  @Test
  void shouldAlertOnAnUntypicalImage() throws Exception {
    Release strict = TestReleases.nothingIsTypical(release, directory);
    try (ImageScorer strictScorer =
        new ImageScorer(strict, Execution.CPU, TestReleases.EVALUATIONS)) {
      start(TestReleases.served(strict, strictScorer, ALERT_RATE), MAX_DEAD_LETTER);
      images.pipeInput(KEY, TestImages.good(1));
      images.pipeInput(KEY, TestImages.bytes(TestImages.raw("odd", TestImages.checkerboard())));

      int n = strict.calibration().orElseThrow().images();
      List<AnomalyAlert> raised = alerts.readValuesToList();
      assertThat(raised.get(0).getReasons()).containsExactly(AlertReason.ATYPICAL);
      assertThat(raised.get(0).getAtypicalPValue()).isEqualTo(1.0 / (n + 1));
      assertThat(raised.get(0).getLowLikelihoodPValue()).isGreaterThan(ALERT_RATE);
      assertThat(raised.get(1).getReasons())
          .containsExactly(AlertReason.LOW_LIKELIHOOD, AlertReason.ATYPICAL);
      assertThat(scores.readValuesToList())
          .extracting(ImageScore::getAtypicalPValue)
          .containsOnly(1.0 / (n + 1));
    }
  }

  @Test
  void shouldNameAnAlertByImageAndReleaseOnly() {
    byte[] odd = TestImages.bytes(TestImages.raw("odd", TestImages.checkerboard()));
    images.pipeInput(KEY, odd);
    images.pipeInput(null, odd);
    images.pipeInput(KEY, TestImages.bytes(TestImages.raw("other", TestImages.checkerboard())));

    List<String> ids = alerts.readValuesToList().stream().map(AnomalyAlert::getAlertId).toList();
    assertThat(ids.get(1)).isEqualTo(ids.get(0));
    assertThat(ids.get(2)).isNotEqualTo(ids.get(0));
    assertThat(AlertIds.of("line-3", "odd", release.id())).isEqualTo(ids.get(0));
    assertThat(AlertIds.of("line-4", "odd", release.id())).isNotEqualTo(ids.get(0));
    assertThat(AlertIds.of("line-3", "odd", "another")).isNotEqualTo(ids.get(0));
    assertThat(AlertIds.of("line-3o", "dd", release.id())).isNotEqualTo(ids.get(0));
  }

  @Test
  void shouldScoreButNeverAlertWithoutACalibration() throws Exception {
    Release bare = TestReleases.uncalibrated(directory);
    try (ImageScorer bareScorer = new ImageScorer(bare, Execution.CPU, TestReleases.EVALUATIONS)) {
      start(TestReleases.served(bare, bareScorer, ALERT_RATE), MAX_DEAD_LETTER);

      images.pipeInput(KEY, TestImages.bytes(TestImages.raw("odd", TestImages.checkerboard())));

      ImageScore score = scores.readValue();
      assertThat(score.getVerdict()).isEqualTo(ScoreVerdict.UNCALIBRATED);
      assertThat(score.getThreshold()).isNull();
      assertThat(score.getLowLikelihoodPValue()).isNull();
      assertThat(alerts.isEmpty()).isTrue();
    }
  }

  @Test
  void shouldNameAnImageWithoutIdByItsLocation() {
    images.pipeInput(null, TestImages.good(1));
    images.pipeInput(null, TestImages.bytes(TestImages.raw("", TestImages.greyPixels(2))));

    assertThat(scores.readKeyValuesToList())
        .extracting(written -> written.value.getImageId())
        .containsExactly("good-1", "it.images-0-1");
  }

  private record Bad(String what, TestRecord<byte[], byte[]> image, DeadLetterReason reason) {
    @Override
    public String toString() {
      return what;
    }
  }

  private static Bad bad(String what, DeadLetterReason reason, byte[] value) {
    return new Bad(what, new TestRecord<>(KEY, value, headers(), TestImages.TIME), reason);
  }

  private static Headers headers() {
    return new RecordHeaders().add("trace", new byte[] {1, 2}).add("none", null);
  }

  static Stream<Bad> badInput() {
    byte[] random = new byte[5000];
    new Random(7).nextBytes(random);
    byte[] good = TestImages.good(9);
    byte[] unknownSchema = good.clone();
    unknownSchema[5] ^= 1;
    byte[] png = TestImages.file(BodyFormat.PNG, 32, 32);
    byte[] jpeg = TestImages.file(BodyFormat.JPEG, 32, 32);
    byte[] large = new byte[ImageSizeLimit.DEFAULT.recordBytes() - 200];
    new Random(8).nextBytes(large);
    return Stream.of(
        bad("no value", DeadLetterReason.NULL_VALUE, null),
        bad("an empty value", DeadLetterReason.WRONG_HEADER, new byte[0]),
        bad("garbage", DeadLetterReason.WRONG_HEADER, random),
        bad("a record as large as the topic allows", DeadLetterReason.WRONG_HEADER, large),
        bad("an unknown schema", DeadLetterReason.UNKNOWN_SCHEMA, unknownSchema),
        bad(
            "a truncated record",
            DeadLetterReason.MALFORMED_RECORD,
            Arrays.copyOf(good, good.length - 1)),
        bad(
            "bytes after the record",
            DeadLetterReason.MALFORMED_RECORD,
            Arrays.copyOf(good, good.length + 1)),
        new Bad(
            "a huge key",
            new TestRecord<>(
                new byte[ImageIntake.MAX_KEY_BYTES + 1], good, headers(), TestImages.TIME),
            DeadLetterReason.OVERSIZED_KEY),
        bad(
            "a huge id",
            DeadLetterReason.OVERSIZED_ID,
            TestImages.bytes(
                TestImages.raw(
                    "ä".repeat(ImageIntake.MAX_ID_BYTES / 2 + 1), TestImages.greyPixels(1)))),
        bad(
            "a huge source",
            DeadLetterReason.OVERSIZED_ID,
            TestImages.bytes(
                TestImages.raw("1", TestImages.greyPixels(1))
                    .setSource("s".repeat(ImageIntake.MAX_ID_BYTES + 1)))),
        bad("an unknown format", DeadLetterReason.UNKNOWN_FORMAT, event(BodyFormat.UNKNOWN, png)),
        bad(
            "a body that is no image",
            DeadLetterReason.NOT_AN_IMAGE,
            event(BodyFormat.PNG, random)),
        bad("an empty body", DeadLetterReason.NOT_AN_IMAGE, event(BodyFormat.JPEG, new byte[0])),
        bad(
            "a truncated PNG",
            DeadLetterReason.TRUNCATED,
            event(BodyFormat.PNG, TestImages.firstHalf(png))),
        bad(
            "a truncated JPEG",
            DeadLetterReason.TRUNCATED,
            event(BodyFormat.JPEG, TestImages.firstHalf(jpeg))),
        bad(
            "a PNG of 60,000 × 60,000",
            DeadLetterReason.TOO_LARGE,
            event(BodyFormat.PNG, TestImages.claimingPng(60_000, 60_000))),
        bad(
            "a PNG of 0 × 0",
            DeadLetterReason.ZERO_SIZE,
            event(BodyFormat.PNG, TestImages.claimingPng(0, 0))),
        bad(
            "raw pixels of 0 × 0",
            DeadLetterReason.ZERO_SIZE,
            event(BodyFormat.GRAY8, new byte[0])),
        bad(
            "a JPEG that is stated to be PNG",
            DeadLetterReason.HEADER_MISMATCH,
            event(BodyFormat.PNG, jpeg)),
        bad(
            "a stated width that is not the body's",
            DeadLetterReason.HEADER_MISMATCH,
            TestImages.bytes(
                TestImages.event("1", BodyFormat.PNG, png).setWidth(31).setHeight(32))),
        bad(
            "raw pixels of another length",
            DeadLetterReason.HEADER_MISMATCH,
            TestImages.bytes(TestImages.raw("1", new byte[63]))),
        bad(
            "a colour image for a grey release",
            DeadLetterReason.WRONG_CHANNELS,
            TestImages.bytes(
                TestImages.event("1", BodyFormat.RGB8, red()).setWidth(8).setHeight(8))));
  }

  /** Raw samples of 8×8 pixels. */
  private static byte[] red() {
    byte[] samples = new byte[3 * 8 * 8];
    for (int i = 0; i < samples.length; i += 3) {
      samples[i] = -1;
    }
    return samples;
  }

  private static byte[] event(BodyFormat format, byte[] body) {
    return TestImages.bytes(TestImages.event("bad", format, body));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void shouldMakeADeadLetterOfBadInputAndScoreWhatLiesAround(Bad bad) {
    images.pipeInput(KEY, TestImages.good(1));
    images.pipeInput(bad.image());
    images.pipeInput(KEY, TestImages.good(2));

    assertThat(scores.readValuesToList())
        .extracting(ImageScore::getImageId)
        .containsExactly("good-1", "good-2");
    TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
    assertThat(deadLetters.isEmpty()).isTrue();
    assertThat(alerts.isEmpty()).isTrue();
    assertThat(letter.key()).isEqualTo(bad.image().key());
    assertThat(letter.value()).isEqualTo(bad.image().value());
    assertThat(letter.timestamp()).isEqualTo(TestImages.TIME.toEpochMilli());
    assertThat(letter.headers().toArray()).startsWith(headers().toArray());
    assertThat(text(letter, DeadLetter.TOPIC)).isEqualTo(TOPICS.images());
    assertThat(text(letter, DeadLetter.PARTITION)).isEqualTo("0");
    assertThat(text(letter, DeadLetter.OFFSET)).isEqualTo("1");
    assertThat(text(letter, DeadLetter.REASON)).isEqualTo(bad.reason().name());
    assertThat(text(letter, DeadLetter.EXCEPTION)).containsPattern("Exception.*: .");
    assertThat(letter.headers().lastHeader(DeadLetter.TRUNCATED)).isNull();
    assertThat(topology.counts()).isEqualTo(new ScoringCounts(2, 0, 1));
  }

  static Stream<Bad> badImages() {
    return badInput()
        .filter(bad -> bad.image().value() != null && isImageRecord(bad.image().value()))
        .filter(bad -> bad.reason() != DeadLetterReason.WRONG_CHANNELS); // for this release alone
  }

  private static boolean isImageRecord(byte[] value) {
    try {
      EVENTS.decode(value);
      return true;
    } catch (RecordFormatException e) {
      return false;
    }
  }

  @ParameterizedTest
  @MethodSource("badImages")
  void shouldRefuseBeforehandForTheSameReason(Bad bad) {
    ImageEvent event = EVENTS.decode(bad.image().value());

    assertThat(new ImageIntake(DecodingLimits.defaults()).refusal(bad.image().key(), event))
        .hasValueSatisfying(
            refusal -> {
              assertThat(refusal.reason()).isEqualTo(bad.reason());
              assertThat(refusal.message()).isNotBlank();
            });
  }

  @Test
  void shouldScoreAPictureOfTheSizeThatPhonesWrite() {
    byte[] png = TestImages.file(BodyFormat.PNG, 2400, 2200);
    assertThat(png.length).isBetween(5_000_000, ImageSizeLimit.DEFAULT_BYTES);
    ImageEvent.Builder photo = TestImages.event("photo", BodyFormat.PNG, png);

    images.pipeInput(KEY, TestImages.bytes(photo));

    assertThat(new ImageIntake(DecodingLimits.defaults()).refusal(KEY, photo.build())).isEmpty();
    assertThat(scores.readValue().getImageId()).isEqualTo("photo");
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void shouldTakeAsManyPixelsAsTheLargestImageHoldsAtTwoBitsEach() {
    assertThat(DecodingLimits.defaults().maxPixels() * 2 / 8)
        .isEqualTo(ImageSizeLimit.DEFAULT_BYTES);
  }

  @Test
  void shouldNameTheImageOfADeadLetterWithSourceAndFile() {
    byte[] half = TestImages.firstHalf(TestImages.file(BodyFormat.PNG, 30, 20));
    images.pipeInput(
        KEY, TestImages.bytes(TestImages.event("night/cam 7/a.jpg", BodyFormat.FILE, half)));
    images.pipeInput(KEY, TestImages.bytes(TestImages.event("4711", BodyFormat.FILE, half)));
    images.pipeInput(KEY, TestImages.bytes(TestImages.event("", BodyFormat.FILE, half)));
    images.pipeInput(KEY, "no record".getBytes(UTF_8));
    images.pipeInput(
        KEY, TestImages.bytes(TestImages.event("x".repeat(5000) + ".png", BodyFormat.FILE, half)));

    List<TestRecord<byte[], byte[]>> letters = deadLetters.readRecordsToList();
    assertThat(text(letters.get(0), DeadLetter.IMAGE_ID)).isEqualTo("night/cam 7/a.jpg");
    assertThat(text(letters.get(0), DeadLetter.SOURCE)).isEqualTo("line-3");
    assertThat(text(letters.get(0), DeadLetter.FILE_NAME)).isEqualTo("a.jpg");
    assertThat(text(letters.get(1), DeadLetter.IMAGE_ID)).isEqualTo("4711");
    assertThat(letters.get(1).headers().lastHeader(DeadLetter.FILE_NAME)).isNull();
    assertThat(letters.get(2).headers().lastHeader(DeadLetter.IMAGE_ID)).isNull();
    assertThat(text(letters.get(2), DeadLetter.SOURCE)).isEqualTo("line-3");
    assertThat(letters.get(3).headers().lastHeader(DeadLetter.SOURCE)).isNull();
    assertThat(text(letters.get(4), DeadLetter.REASON)).isEqualTo("OVERSIZED_ID");
    assertThat(text(letters.get(4), DeadLetter.IMAGE_ID)).isEqualTo("x".repeat(256));
  }

  /** Whether it is sent again with Surprisal's own headers or without them. */
  @Test
  void shouldNotLetADeadLetterGrowThatIsSentAgainAndAgain() {
    byte[] half = TestImages.firstHalf(TestImages.file(BodyFormat.PNG, 30, 20));
    images.pipeInput(
        new TestRecord<>(KEY, event(BodyFormat.FILE, half), headers(), TestImages.TIME));
    TestRecord<byte[], byte[]> first = deadLetters.readRecord();
    TestRecord<byte[], byte[]> last = first;
    for (int i = 0; i < 3; i++) {
      images.pipeInput(new TestRecord<>(KEY, last.value(), last.headers(), TestImages.TIME));
      last = deadLetters.readRecord();
    }

    assertThat(text(last, DeadLetter.OFFSET)).isEqualTo("3");
    assertThat(last.headers().toArray()).hasSameSizeAs(first.headers().toArray());
    assertThat(last.headers().toArray()).startsWith(headers().toArray());
    assertThat(size(last)).isEqualTo(size(first));
    assertThat(DeadLetter.withoutOwn(last.headers()).toArray()).isEqualTo(headers().toArray());
  }

  @Test
  void shouldCutADeadLetterThatIsTooLargeToForwardWhole() throws Exception {
    byte[] value = new byte[3 * MAX_DEAD_LETTER];
    new Random(3).nextBytes(value);
    images.pipeInput(KEY, value);
    images.pipeInput(KEY, TestImages.good(1));

    TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
    assertThat(size(letter)).isBetween(MAX_DEAD_LETTER - 1000L, (long) MAX_DEAD_LETTER);
    assertThat(letter.key()).isEqualTo(KEY);
    assertThat(letter.value()).isEqualTo(Arrays.copyOf(value, letter.value().length));
    assertThat(text(letter, DeadLetter.TRUNCATED)).isEqualTo("true");
    assertThat(text(letter, DeadLetter.ORIGINAL_LENGTH)).isEqualTo("" + value.length);
    assertThat(text(letter, DeadLetter.ORIGINAL_SHA256))
        .isEqualTo(
            HexFormat.of()
                .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(value)));
    assertThat(scores.readValue().getImageId()).isEqualTo("good-1");
  }

  @Test
  void shouldCutKeysAndHeadersThatAreTooLarge() {
    start(model, DeadLetter.MIN_BYTES);
    Headers headers = new RecordHeaders();
    for (int i = 0; i < 300; i++) {
      headers.add("h" + i, new byte[1000]);
    }
    byte[] key = new byte[2 * DeadLetter.MIN_BYTES];
    Arrays.fill(key, (byte) 5);
    images.pipeInput(
        new TestRecord<>(key, new byte[DeadLetter.MIN_BYTES], headers, TestImages.TIME));
    images.pipeInput(new TestRecord<>(key, null, headers, TestImages.TIME));
    images.pipeInput(KEY, TestImages.good(1));

    List<TestRecord<byte[], byte[]>> letters = deadLetters.readRecordsToList();
    assertThat(letters).hasSize(2);
    for (TestRecord<byte[], byte[]> letter : letters) {
      assertThat(size(letter)).isLessThanOrEqualTo(DeadLetter.MIN_BYTES);
      assertThat(letter.key()).isEqualTo(Arrays.copyOf(key, DeadLetter.MIN_BYTES / 4));
      assertThat(text(letter, DeadLetter.TRUNCATED)).isEqualTo("true");
      assertThat(text(letter, DeadLetter.ORIGINAL_KEY_LENGTH)).isEqualTo("" + key.length);
      assertThat(text(letter, DeadLetter.ORIGINAL_HEADER_COUNT)).isEqualTo("300");
    }
    assertThat(letters.get(0).value()).isNotEmpty();
    assertThat(letters.get(1).value()).isNull();
    assertThat(scores.readValue().getImageId()).isEqualTo("good-1");
  }

  @Test
  void shouldKeepResultsSmallWhateverHeadersAnImageHas() {
    Headers headers = new RecordHeaders().add("large", new byte[MAX_DEAD_LETTER]);
    images.pipeInput(new TestRecord<>(KEY, TestImages.good(1), headers, TestImages.TIME));

    assertThat(scores.readRecord().headers().toArray()).isEmpty();
  }

  @Test
  void shouldMakeADeadLetterOfTheOneImageThatFailsUnexpectedly() {
    start(
        scoringWith(
            image -> {
              if (image.equals(TestReleases.grey(2))) {
                throw new IllegalStateException("the device is on fire");
              }
              return scorer.score(image);
            }),
        MAX_DEAD_LETTER);

    images.pipeInput(KEY, TestImages.good(1));
    images.pipeInput(KEY, TestImages.good(2));
    images.pipeInput(KEY, TestImages.good(3));

    TestRecord<byte[], byte[]> letter = deadLetters.readRecord();
    assertThat(text(letter, DeadLetter.REASON)).isEqualTo("SCORING_FAILED");
    assertThat(text(letter, DeadLetter.EXCEPTION))
        .isEqualTo("java.lang.IllegalStateException: the device is on fire");
    assertThat(letter.value()).isEqualTo(TestImages.good(2));
    assertThat(scores.readValuesToList()).hasSize(2);
  }

  @Test
  void shouldMakeADeadLetterOfAnImageWithoutAFiniteScore() {
    start(
        scoringWith(
            image -> new ImageLikelihood(Double.NaN, 0, 0, 0, 0, new float[0], new float[0], 1, 0)),
        MAX_DEAD_LETTER);

    images.pipeInput(KEY, TestImages.good(1));

    assertThat(text(deadLetters.readRecord(), DeadLetter.REASON)).isEqualTo("NOT_FINITE");
    assertThat(scores.isEmpty()).isTrue();
  }

  @Test
  void shouldNotTakeAnErrorOfTheMachineForAFaultOfTheImage() {
    start(
        scoringWith(
            image -> {
              throw new OutOfMemoryError("for the test");
            }),
        MAX_DEAD_LETTER);

    assertThatThrownBy(() -> images.pipeInput(KEY, TestImages.good(1)))
        .satisfiesAnyOf(
            thrown -> assertThat(thrown).isInstanceOf(OutOfMemoryError.class),
            thrown -> assertThat(thrown).hasRootCauseInstanceOf(OutOfMemoryError.class));
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  private static ServedModel scoringWith(Function<PixelImage, ImageLikelihood> scoring) {
    return new ServedModel(
        model.releaseId(),
        model.preprocessing(),
        image -> CompletableFuture.completedFuture(scoring.apply(image)),
        model.precision(),
        model.rules(),
        model.alertRate());
  }

  @ParameterizedTest
  @EnumSource(Repair.class)
  void shouldHaveANameInTheRecordsForEveryRepair(Repair repair) {
    assertThatCode(() -> ImageRepair.valueOf(repair.name())).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @EnumSource(ImageRejectedException.Reason.class)
  void shouldHaveADeadLetterReasonForEveryRejection(ImageRejectedException.Reason reason) {
    assertThatCode(() -> DeadLetterReason.valueOf(reason.name())).doesNotThrowAnyException();
  }

  /** Retention would delete a score of 1970 as soon as it is committed. */
  @Test
  void shouldStampResultsOfOldImagesSoThatRetentionLeavesThem() {
    images.pipeInput(KEY, TestImages.good(1), 0);
    images.pipeInput(KEY, new byte[] {1, 2, 3}, 0);

    long dayBefore = TestImages.TIME.minus(ResultForwarder.LONGEST_AGO).toEpochMilli();
    assertThat(scores.readRecord().timestamp()).isEqualTo(dayBefore);
    assertThat(deadLetters.readRecord().timestamp()).isEqualTo(dayBefore);
  }

  /** No topic takes what follows from such an image, and the stream would end. */
  @Test
  void shouldTakeATimestampYetToComeAsNow() {
    long before = System.currentTimeMillis();
    ConsumerRecord<byte[], byte[]> ahead =
        new ConsumerRecord<>(
            "it.images",
            0,
            0,
            before + Duration.ofHours(5).toMillis(),
            TimestampType.CREATE_TIME,
            0,
            0,
            null,
            null,
            new RecordHeaders(),
            Optional.empty());
    assertThat(ScoringTopology.timestamp(ahead)).isBetween(before, System.currentTimeMillis());
  }

  @Test
  void shouldTakeAMissingTimestampAsNow() {
    var untimed = new ConsumerRecord<Object, Object>(TOPICS.images(), 0, 0, null, null);

    assertThat(ScoringTopology.timestamp(untimed))
        .isCloseTo(System.currentTimeMillis(), within(60_000L));
  }

  @Test
  void shouldNameEveryPartOfTheTopology() {
    assertThat(topology.build(DrivenTopology.NOTHING_TO_READ).describe().toString())
        .contains("Source: images (topics: [it.images])")
        .contains("Processor: score (stores: [open-incidents, pending, windows])")
        .contains("Sink: scores (topic: it.scores)")
        .contains("Sink: alerts (topic: it.alerts)")
        .contains("Sink: incidents (topic: it.incidents)")
        .contains("Sink: dead-letters (topic: it.dead-letters)")
        .contains("Sink: statistics (topic: it.statistics)");
  }

  private static String text(TestRecord<byte[], byte[]> letter, String header) {
    Header found = letter.headers().lastHeader(header);
    assertThat(found).as(header).isNotNull();
    return new String(found.value(), UTF_8);
  }

  private static long size(TestRecord<byte[], byte[]> letter) {
    long bytes = letter.key().length;
    bytes += (letter.value() == null ? 0 : letter.value().length);
    for (Header header : letter.headers()) {
      bytes += header.key().length();
      bytes += header.value() == null ? 0 : header.value().length;
    }
    return bytes;
  }
}
