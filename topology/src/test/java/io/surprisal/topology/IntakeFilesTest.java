package io.surprisal.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageRepair;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.topology.records.DeadLetter;
import io.surprisal.topology.serving.ServedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The odd files that cameras send, through the topology of a release for colour pictures. */
class IntakeFilesTest {
  private static final Path FILES =
      Path.of(Optional.ofNullable(System.getenv("SURPRISAL_DATA")).orElse("../../shared/data"))
          .resolveSibling("intake");

  private static final Preprocessing COLOUR =
      Preprocessing.resizing(new ImageShape(3, 48, 64)).with(Interpretation.usual());

  @TempDir private static Path folder;
  @TempDir private static Path state;

  /** What the network was given, by the name of the file. */
  private static final Map<String, PixelImage> GIVEN = new HashMap<>();

  private static final Map<String, ImageScore> SCORES = new HashMap<>();

  /** Reason and source of a dead letter, by the name of the file. */
  private static final Map<String, String> DEAD = new HashMap<>();

  @BeforeAll
  static void sendAll() throws Exception {
    if (!Files.isDirectory(FILES)) {
      System.err.println("SKIPPED: " + FILES.toAbsolutePath() + " is not there");
    }
    assumeTrue(Files.isDirectory(FILES), FILES + " is not there");
    Release release = TestReleases.calibrated(folder);
    List<PixelImage> given = new ArrayList<>();
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, TestReleases.EVALUATIONS);
        Stream<Path> files = Files.list(FILES)) {
      ImageLikelihood likelihood = scorer.score(TestReleases.grey(1));
      ServedModel grey = TestReleases.served(release, scorer, 0.01);
      ServedModel model =
          new ServedModel(
              grey.releaseId(),
              COLOUR,
              image -> {
                given.add(image);
                return CompletableFuture.completedFuture(likelihood);
              },
              grey.precision(),
              grey.rules(),
              grey.alertRate());
      ScoringTopology topology =
          new ScoringTopology(
              DrivenTopology.TOPICS,
              model,
              DecodingLimits.defaults(),
              DrivenTopology.MAX_DEAD_LETTER);
      try (DrivenTopology driver =
          new DrivenTopology(
              topology, DrivenTopology.NOTHING_TO_READ, new SurvivingStore(), state)) {
        var images = driver.images();
        for (Path file : files.filter(path -> !path.endsWith("README.md")).toList()) {
          String name = file.getFileName().toString();
          given.clear();
          images.pipeInput(
              TestImages.bytes(TestImages.event(name, BodyFormat.FILE, Files.readAllBytes(file))));
          given.forEach(image -> GIVEN.put(name, image));
        }
        driver
            .output(
                DrivenTopology.TOPICS.scores(),
                RecordFormat.of(ImageScore.class).serde().deserializer())
            .readValuesToList()
            .forEach(score -> SCORES.put(score.getImageId(), score));
        driver
            .output(DrivenTopology.TOPICS.deadLetters(), new ByteArrayDeserializer())
            .readRecordsToList()
            .forEach(
                letter ->
                    DEAD.put(
                        new String(
                            letter.headers().lastHeader(DeadLetter.FILE_NAME).value(), UTF_8),
                        new String(letter.headers().lastHeader(DeadLetter.REASON).value(), UTF_8)));
      }
    }
  }

  @Test
  void shouldRefuseWhatIsMissingOrOfAnotherKind() {
    assertThat(DEAD)
        .containsOnly(
            Map.entry("jpeg-half-with-end-marker.jpg", "TRUNCATED"),
            Map.entry("other.gif", "UNSUPPORTED"),
            Map.entry("other.webp", "UNSUPPORTED"));
    assertThat(SCORES).hasSize(20);
  }

  @Test
  void shouldRepairJpegsToThePixelsOfTheUndamagedOne() {
    Map<String, ImageRepair> damaged =
        Map.of(
            "jpeg-8-bytes-before-restart-marker.jpg", ImageRepair.BYTES_BEFORE_MARKER,
            "jpeg-1-byte-before-table.jpg", ImageRepair.BYTES_BEFORE_MARKER,
            "jpeg-2-bytes-before-start.jpg", ImageRepair.BYTES_BEFORE_START,
            "jpeg-no-end-marker.jpg", ImageRepair.NO_END_MARKER);
    damaged.forEach(
        (name, repair) -> {
          assertThat(SCORES.get(name).getRepairs()).as(name).containsExactly(repair);
          assertThat(GIVEN.get(name)).as(name).isEqualTo(GIVEN.get("plain.jpg"));
        });
  }

  @Test
  void shouldRepairPngsToThePixelsOfTheUndamagedOne() {
    Map<String, ImageRepair> damaged =
        Map.of(
            "png-bad-crc-in-text.png", ImageRepair.WRONG_CHECKSUM,
            "png-surplus-data.png", ImageRepair.SURPLUS_IMAGE_DATA);
    damaged.forEach(
        (name, repair) -> {
          assertThat(SCORES.get(name).getRepairs()).as(name).containsExactly(repair);
          assertThat(GIVEN.get(name)).as(name).isEqualTo(GIVEN.get("plain.png"));
        });
    for (String name : List.of("png-alpha-opaque.png", "other.bmp", "other.tif")) {
      assertThat(SCORES.get(name).getRepairs()).as(name).isEmpty();
      assertThat(GIVEN.get(name)).as(name).isEqualTo(GIVEN.get("plain.png"));
    }
  }

  @Test
  void shouldTakePicturesAsTheyAreMeant() {
    for (String name :
        List.of(
            "jpeg-cmyk.jpg",
            "jpeg-exif-orientation-6.jpg",
            "jpeg-grey.jpg",
            "png-palette-all-grey.png",
            "png-palette-colour.png",
            "png-grey-16-bit.png",
            "tiff-grey-16-bit.tif",
            "png-alpha-254-in-one-pixel.png",
            "photo-1130x460.jpg")) {
      assertThat(SCORES.get(name).getRepairs()).as(name).isEmpty();
      assertThat(GIVEN.get(name).shape()).as(name).isEqualTo(COLOUR.shape());
    }
    assertThat(GIVEN.get("tiff-grey-16-bit.tif")).isEqualTo(GIVEN.get("png-grey-16-bit.png"));
    assertThat(GIVEN.get("jpeg-grey.jpg").isGrey()).isTrue();
    assertThat(GIVEN.get("png-palette-colour.png").isGrey()).isFalse();
    assertThat(GIVEN.get("jpeg-cmyk.jpg").isGrey()).isFalse();
  }
}
