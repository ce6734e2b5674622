package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.batching.ScoringQueue;
import io.surprisal.model.calibration.PictureCalibrator;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.Stages;
import io.surprisal.model.scoring.StoppingRule;
import io.surprisal.model.scoring.TileScorer;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.Topics;
import io.surprisal.topology.records.DeadLetter;
import io.surprisal.topology.serving.ServedModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures larger than the network go through the topology tile by tile, each with one answer. */
class TiledPicturesTest {
  private static final byte[] KEY = "line-3".getBytes(StandardCharsets.UTF_8);
  private static final Topics TOPICS = DrivenTopology.TOPICS;
  private static final int HEIGHT = 40;
  private static final int WIDTH = 56;
  private static final int EVALUATIONS = 4;
  private static final double ALERT_RATE = 0.1;

  @TempDir private static Path directory;
  @TempDir private Path state;

  private static ImageScorer scorer;
  private static BatchScorer batches;
  private static Release release;
  private static ServedModel model;

  private DrivenTopology driver;
  private TestInputTopic<byte[], byte[]> images;
  private TestOutputTopic<byte[], ImageScore> scores;
  private TestOutputTopic<byte[], AnomalyAlert> alerts;
  private TestOutputTopic<byte[], byte[]> deadLetters;

  /** Normal pictures: grey with a little noise. */
  private record Normal(int size) implements ImageSource {
    @Override
    public PixelImage image(int index) {
      return new PixelImage(1, HEIGHT, WIDTH, pixels(index));
    }

    @Override
    public String name(int index) {
      return "normal " + index;
    }
  }

  private static byte[] pixels(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] pixels = new byte[HEIGHT * WIDTH];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (110 + random.nextInt(30));
    }
    return pixels;
  }

  @BeforeAll
  static void load() throws Exception {
    Release whole = TestReleases.uncalibrated(directory);
    Release tiled =
        Release.write(
            directory.resolve("tiled.safetensors"),
            whole.configuration(),
            Preprocessing.tiled(
                new ImageShape(1, TestImages.SIDE, TestImages.SIDE),
                new Tiling(2, TestImages.SIDE)),
            whole.parameters(),
            Optional.empty(),
            whole.training(),
            Optional.empty());
    release =
        tiled.recalibrated(
            directory.resolve("calibrated-tiles.safetensors"),
            PictureCalibrator.calibrate(
                    tiled,
                    PictureCalibrator.Pictures.of(new Normal(60), IntStream.range(0, 60).toArray()),
                    EVALUATIONS,
                    Execution.CPU,
                    done -> {},
                    () -> false,
                    () -> false)
                .orElseThrow());
    scorer =
        new ImageScorer(
            release, Execution.CPU, BoundEstimator.served(release, Stages.single(EVALUATIONS)));
    batches = new BatchScorer(2, 8, Duration.ofMillis(1), 16);
    ScoringQueue queue = batches.queue(scorer, release.preprocessing(), StoppingRule.NEVER);
    model =
        new ServedModel(
            release.id(),
            release.preprocessing(),
            picture -> {
              CompletableFuture<ImageLikelihood> score = queue.submit(picture);
              score.join(); // so that the driver finds it
              return score;
            },
            scorer.precision(),
            AlertRules.of(release, EVALUATIONS, scorer.precision(), ALERT_RATE),
            ALERT_RATE);
  }

  @AfterAll
  static void close() {
    batches.close();
    scorer.close();
  }

  @BeforeEach
  void start() {
    driver =
        new DrivenTopology(
            new ScoringTopology(TOPICS, model, DecodingLimits.defaults(), 1 << 20),
            DrivenTopology.NOTHING_TO_READ,
            new SurvivingStore(),
            state);
    images = driver.images();
    scores =
        driver.output(TOPICS.scores(), RecordFormat.of(ImageScore.class).serde().deserializer());
    alerts =
        driver.output(TOPICS.alerts(), RecordFormat.of(AnomalyAlert.class).serde().deserializer());
    deadLetters = driver.output(TOPICS.deadLetters(), new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  private void publish(String id, int height, int width, byte[] pixels) {
    images.pipeInput(
        KEY,
        TestImages.bytes(
            TestImages.event(id, BodyFormat.GRAY8, pixels).setWidth(width).setHeight(height)));
  }

  @Test
  void shouldScoreAPictureAsTheLibraryDoes() throws Exception {
    publish("normal", HEIGHT, WIDTH, pixels(1001));

    ImageScore score = scores.readValue();
    PixelImage applied =
        release.preprocessing().apply(new PixelImage(1, HEIGHT, WIDTH, pixels(1001)));
    assertThat(score.getBitsPerDim())
        .isCloseTo(
            new TileScorer(scorer, release.preprocessing())
                .score(List.of(applied), 0)
                .get(0)
                .bitsPerDim(),
            within(1e-3));
    assertThat(score.getEvaluations()).isEqualTo(EVALUATIONS / 4); // of the first look
    assertThat(score.getLocalStatistic()).isFinite();
    assertThat(score.getLocalPValue()).isBetween(0.0, 1.0);
    assertThat(score.getStrongest().getWidth()).isPositive();
    assertThat(scores.isEmpty()).isTrue();
  }

  @Test
  void shouldSayWhereAPictureAlerts() {
    byte[] pixels = pixels(1002);
    for (int y = 12; y < 28; y++) {
      for (int x = 32; x < 48; x++) {
        pixels[y * WIDTH + x] = (byte) ((x + y) % 4 < 2 ? 0 : 255);
      }
    }
    publish("damaged", HEIGHT, WIDTH, pixels);

    assertThat(scores.readValue().getVerdict()).isEqualTo(ScoreVerdict.ALERT);
    AnomalyAlert alert = alerts.readValue();
    assertThat(alert.getReasons()).contains(AlertReason.LOCAL);
    assertThat(alert.getLocalPValue()).isLessThanOrEqualTo(ALERT_RATE);
    assertThat(alert.getBoxes().get(0))
        .satisfies(
            box -> {
              // in pixels as it came: the widest window reaches 14, the box 4 beyond the damage,
              // and a tile's errors a little further than that
              assertThat(box.getLeft()).isBetween(8, 34);
              assertThat(box.getTop()).isBetween(0, 14);
              assertThat(box.getLeft() + box.getWidth()).isBetween(46, WIDTH);
              assertThat(box.getTop() + box.getHeight()).isBetween(26, HEIGHT);
              assertThat(box.getSurprise()).isEqualTo(alert.getLocalStatistic());
            });
    assertThat(alert.getMap().getRows()).isEqualTo(HEIGHT / 2);
    assertThat(alert.getMap().getColumns()).isEqualTo(WIDTH / 2);
    assertThat(alert.getMap().getValues().remaining()).isEqualTo(HEIGHT / 2 * WIDTH / 2);
  }

  @Test
  void shouldRefuseAPictureThatIsSmallerThanATile() {
    publish("small", 12, 40, new byte[12 * 40]);

    assertThat(scores.isEmpty()).isTrue();
    assertThat(
            new String(
                deadLetters.readRecord().headers().lastHeader(DeadLetter.REASON).value(),
                StandardCharsets.UTF_8))
        .isEqualTo("TOO_SMALL");
  }

  @Test
  void shouldAnswerPicturesOfSeveralSizesInTheirOrder() {
    for (int i = 0; i < 6; i++) {
      int width = i % 2 == 0 ? WIDTH : 16;
      publish("picture-" + i, HEIGHT, width, new byte[HEIGHT * width]);
    }

    assertThat(scores.readValuesToList())
        .extracting(ImageScore::getImageId)
        .containsExactly(
            "picture-0", "picture-1", "picture-2", "picture-3", "picture-4", "picture-5");
  }
}
