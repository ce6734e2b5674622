package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.handover.Announcements;
import io.surprisal.model.release.CalibrationScores;
import io.surprisal.model.release.CalibrationSources;
import io.surprisal.model.release.Release;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ReleaseShelfTest {
  private static final Path RELEASES = Path.of("..", "releases");

  @TempDir private Path folder;
  private final View view = new View("images", InstantSource.system());
  private ReleaseShelf shelf;

  @BeforeEach
  void open() {
    shelf =
        new ReleaseShelf(
            view,
            Map.of("bootstrap.servers", "localhost:1"),
            folder.resolve("brought"),
            Optional.of(folder),
            "chunks");
  }

  @AfterEach
  void close() throws Exception {
    shelf.close();
  }

  private Path stored(Release release) {
    return folder.resolve(release.id() + ".safetensors");
  }

  /** Announces a release of another machine; its file may be here or not. */
  private Release announced(String name) throws Exception {
    Release release = Release.load(RELEASES.resolve(name));
    view.release(
        Announcements.active(
                release,
                "file:///elsewhere/" + release.id() + ".safetensors",
                Files.size(RELEASES.resolve(name)),
                Instant.EPOCH)
            .setReason("")
            .setAnnouncedBy("")
            .build());
    return release;
  }

  private static SeenScore score(boolean bySource) {
    return new SeenScore(0, 3, null, false, bySource, "image", "release", null);
  }

  /** The images that judged a score are those that it is shown beside. */
  @Test
  void shouldTellTheCalibrationImagesOfASource() {
    CalibrationScores scores =
        new CalibrationScores(
            new float[] {3, 1, 2},
            new float[0],
            new float[0],
            CalibrationSources.of(List.of("left", "right", "left")));
    ReleaseFacts facts = new ReleaseFacts("", List.of(), Optional.of(scores), "");

    assertThat(facts.judging(score(true), "left")).containsExactly(2f, 3f);
    assertThat(facts.judging(score(false), "left")).containsExactly(1f, 2f, 3f);
  }

  @Test
  void shouldTellScheduleAndCalibrationOfAFile() throws Exception {
    Release release = announced("demo.safetensors");
    Files.copy(RELEASES.resolve("demo.safetensors"), stored(release));

    ReleaseFacts facts = shelf.facts(release.id());

    int images = release.calibration().orElseThrow().images();
    assertThat(facts.judging(score(false), "any")).hasSize(images).isSorted();
    assertThat(facts.gamma()).hasSize(101).isSorted();
    assertThat(facts.shows()).isEqualTo("pictures of 32×32");
    assertThat(shelf.facts(release.id())).as("read once").isSameAs(facts);
  }

  @Test
  void shouldNameTheRemedyWhereTheFileIsNotHere() throws Exception {
    Release release = announced("demo.safetensors");

    assertThatThrownBy(() -> shelf.facts(release.id()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("--store");
    assertThatThrownBy(() -> shelf.facts("ab".repeat(32)))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("was not announced");
  }

  @Test
  void shouldRefuseAnotherFileThanTheOneThatWasAnnounced() throws Exception {
    Release release = announced("demo.safetensors");
    byte[] damaged = Files.readAllBytes(RELEASES.resolve("demo.safetensors"));
    damaged[damaged.length - 1] ^= 1;
    Files.write(stored(release), damaged);

    assertThatThrownBy(() -> shelf.facts(release.id()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("not the release that was announced");
  }

  @Test
  void shouldDrawSamplesOfOneReleaseAtATimeAndStopWhenTold() throws Exception {
    Release first = announced("demo.safetensors");
    Files.copy(RELEASES.resolve("demo.safetensors"), stored(first));
    Release other = announced("fashion-mnist.safetensors");
    try (Samples samples = new Samples(shelf)) {
      assertThat(samples.draw(first.id())).containsEntry("drawing", true);
      assertThatThrownBy(() -> samples.draw(other.id()))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("are being drawn");
      assertThatThrownBy(() -> samples.png(first.id())).isInstanceOf(RefusedException.class);

      samples.cancel();

      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> "stopped".equals(samples.state(first.id()).get("trouble")));
      assertThat(samples.draw(other.id())).containsEntry("drawing", true);
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> String.valueOf(samples.state(other.id()).get("trouble")).contains("--store"));
    }
  }
}
