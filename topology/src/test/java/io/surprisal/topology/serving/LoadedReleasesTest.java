package io.surprisal.topology.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.topology.TestReleases;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadedReleasesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final OptionalDouble AS_SET_UP = OptionalDouble.empty();

  @TempDir private static Path folder;
  private static List<Release> files;

  private final List<String> fetched = new ArrayList<>();
  private BatchScorer batches;
  private LoadedReleases releases;

  @BeforeAll
  static void writeReleases() throws IOException {
    files = new ArrayList<>();
    for (int seed = 0; seed < 4; seed++) {
      files.add(TestReleases.untrained(folder.resolve(seed + ".safetensors"), seed));
    }
  }

  @AfterAll
  static void forgetReleases() {
    files.clear();
  }

  @BeforeEach
  void start() {
    Scoring scoring = Scoring.simple(2, 0.01, Execution.CPU.devices());
    batches = new BatchScorer(1, scoring.batch(), scoring.linger(), 16);
    releases = new LoadedReleases(new ReleaseLoader(any -> Execution.CPU, scoring, batches));
  }

  @AfterEach
  void stop() throws InterruptedException {
    batches.close();
    releases.closeAll(PATIENCE);
  }

  private static String id(int release) {
    return files.get(release).id();
  }

  private void serve(int release) throws IOException {
    releases.serve(id(release), AS_SET_UP, () -> fetch(release));
  }

  private void tryOut(int release) throws IOException {
    releases.tryOut(id(release), AS_SET_UP, 0.5, reason -> {}, () -> fetch(release));
  }

  private Release fetch(int release) {
    fetched.add(id(release));
    return files.get(release);
  }

  private ImageLikelihood score() throws Exception {
    return releases
        .served()
        .orElseThrow()
        .scoring()
        .submit(TestReleases.grey(7))
        .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  void shouldServeNothingAtFirst() {
    assertThat(releases.served()).isEmpty();
    assertThat(releases.candidate()).isEmpty();
    assertThat(releases.active()).isEmpty();
  }

  @Test
  void shouldScoreWithTheReleaseThatServes() throws Exception {
    serve(0);
    double first = score().bitsPerDim();
    serve(1);

    assertThat(releases.active()).contains(id(1));
    assertThat(releases.served().orElseThrow().releaseId()).isEqualTo(id(1));
    assertThat(score().bitsPerDim()).isNotEqualTo(first).isFinite();
  }

  @Test
  void shouldGoBackToTheOneBeforeWithoutFetchingItAgain() throws Exception {
    serve(0);
    double first = score().bitsPerDim();
    serve(1);
    serve(0);

    assertThat(fetched).containsExactly(id(0), id(1));
    assertThat(score().bitsPerDim()).isEqualTo(first);
    assertThat(releases.closeRetired(PATIENCE)).isEmpty();
  }

  @Test
  void shouldCloseAllButTheLastTwo() throws Exception {
    serve(0);
    serve(1);
    serve(2);

    assertThat(releases.closeRetired(PATIENCE)).containsExactly(id(0));

    serve(0);
    assertThat(fetched).containsExactly(id(0), id(1), id(2), id(0));
    assertThat(releases.closeRetired(PATIENCE)).containsExactly(id(1));
  }

  @Test
  void shouldServeWithAnotherAlertRateWithoutFetchingAgain() throws IOException {
    serve(0);
    releases.serve(id(0), OptionalDouble.of(0.25), () -> fetch(0));

    assertThat(releases.served().orElseThrow().alertRate()).isEqualTo(0.25);
    assertThat(fetched).containsExactly(id(0));
  }

  @Test
  void shouldGoOnWhereAReleaseCannotBeHad() throws IOException {
    serve(0);

    assertThatIOException()
        .isThrownBy(
            () ->
                releases.serve(
                    id(1),
                    AS_SET_UP,
                    () -> {
                      throw new IOException("gone");
                    }))
        .withMessage("gone");
    assertThat(releases.active()).contains(id(0));
  }

  @Test
  void shouldGoOnAndFreeAReleaseThatIsCalibratedForAnotherWayOfScoring() throws Exception {
    Release other = TestReleases.calibrated(folder);
    serve(0);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> releases.serve(other.id(), AS_SET_UP, () -> other))
        .withMessageContaining("calibrated for " + TestReleases.EVALUATIONS);
    assertThat(releases.active()).contains(id(0));
    assertThat(releases.served().orElseThrow().releaseId()).isEqualTo(id(0));
    assertThat(releases.closeRetired(PATIENCE)).containsExactly(other.id());
  }

  @Test
  void shouldTryACandidateAndCloseItAfterwards() throws Exception {
    serve(0);
    tryOut(1);
    assertThat(releases.tried()).contains(id(1));
    assertThat(releases.candidate().orElseThrow().releaseId()).isEqualTo(id(1));
    assertThat(releases.served().orElseThrow().releaseId()).isEqualTo(id(0));

    releases.endTrial();
    assertThat(releases.candidate()).isEmpty();
    assertThat(releases.closeRetired(PATIENCE)).containsExactly(id(1));
  }

  @Test
  void shouldKeepACandidateThatServesByNow() throws Exception {
    serve(0);
    tryOut(1);
    serve(1);
    releases.endTrial();

    assertThat(releases.closeRetired(PATIENCE)).isEmpty();
    assertThat(fetched).containsExactly(id(0), id(1));
    assertThat(score().bitsPerDim()).isFinite();
  }

  @Test
  void shouldKeepAReleaseThatIsTriedWhenItNoLongerServes() throws Exception {
    serve(0);
    serve(1);
    tryOut(0);
    serve(2);

    assertThat(releases.closeRetired(PATIENCE)).isEmpty();
    assertThat(releases.tried()).contains(id(0));
    releases.endTrial();
    assertThat(releases.closeRetired(PATIENCE)).containsExactly(id(0));
  }

  @Test
  void shouldLetTheCandidateBeforeGo() throws Exception {
    serve(0);
    tryOut(1);
    tryOut(2);

    assertThat(releases.tried()).contains(id(2));
    assertThat(releases.closeRetired(PATIENCE)).containsExactly(id(1));
  }

  @Test
  void shouldNotCloseAReleaseWhoseImagesAreStillScored() throws Exception {
    serve(0);
    List<CompletableFuture<ImageLikelihood>> images = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      images.add(releases.served().orElseThrow().scoring().submit(TestReleases.grey(i)));
    }
    serve(1);
    serve(2);

    assertThat(releases.closeRetired(PATIENCE)).containsExactly(id(0));
    assertThat(images).allSatisfy(image -> assertThat(image).isCompleted());
  }

  @Test
  void shouldCloseAll() throws Exception {
    serve(0);
    serve(1);
    tryOut(2);

    assertThat(releases.closeAll(PATIENCE)).containsExactly(id(1), id(0), id(2));
    assertThat(releases.active()).isEmpty();
  }
}
