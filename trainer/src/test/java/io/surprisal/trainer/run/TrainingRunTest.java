package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.fit.Fit;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.trainer.SmallRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs of two seconds by a clock that goes on by 5 ms each time it is read: as many steps on every
 * machine.
 */
@Tag("training")
class TrainingRunTest {
  private static final SurfaceCamera CAMERA = new SurfaceCamera(1, 0, 16);
  private static final int TRAINING = 200;
  private static final int HELD_OUT = 36;
  private static final double SECONDS = 2;
  private static final double ALERT_RATE = 0.1;

  private static final Provenance.Range WINDOW = new Provenance.Range("test.images", 0, 7, 400);

  @TempDir Path folder;
  private Path directory;
  private ReleaseStore store;
  private final RunSettings settings = SmallRuns.runs();

  @BeforeEach
  void open() throws IOException {
    store = new ReleaseStore(folder.resolve("store"));
    directory = Files.createDirectories(folder.resolve("run"));
  }

  private static List<PixelImage> frames() {
    return IntStream.range(0, TRAINING + HELD_OUT).mapToObj(i -> CAMERA.frame(i).image()).toList();
  }

  private void write(List<PixelImage> images) throws IOException {
    Idx.write(RunImages.fileOfWhole(directory), ImageDatasets.of(images));
  }

  private static RunPlan plan(String parent, int alerted) {
    return new RunPlan(
        "run-1",
        "a test",
        List.of("c1"),
        parent,
        !parent.isEmpty(),
        SECONDS / 60,
        SmallRuns.FIT.fields(),
        "float32",
        SmallRuns.EVALUATIONS,
        ALERT_RATE,
        17,
        HELD_OUT + alerted,
        alerted,
        List.of(WINDOW),
        null,
        null);
  }

  /** As a plan whose training changes next to nothing, so that its curve is flat. */
  private static RunPlan flat(RunPlan plan) {
    Map<String, Object> configuration = new HashMap<>(plan.configuration());
    configuration.put("learningRate", 1e-9);
    return new RunPlan(
        plan.runId(),
        plan.trigger(),
        plan.commands(),
        plan.parent(),
        plan.warm(),
        plan.minutes(),
        configuration,
        plan.precision(),
        plan.evaluations(),
        plan.alertRate(),
        plan.seed(),
        plan.heldOut(),
        plan.alerted(),
        plan.window(),
        plan.bestOrNull(),
        plan.tiledOrNull());
  }

  private TrainingRun run(RunPlan plan, Consumer<TrainingRun.Progress> progress) {
    Instant[] now = {Instant.EPOCH};
    InstantSource clock = () -> now[0] = now[0].plusMillis(5);
    return new TrainingRun(directory, plan, store, settings, progress, clock);
  }

  @Test
  void shouldEndWithACalibratedReleaseThatSaysWhereItComesFrom() throws IOException {
    write(frames());
    List<String> sources =
        IntStream.range(0, TRAINING + HELD_OUT)
            .mapToObj(i -> i % 3 == 0 ? "left" : "right")
            .toList();
    new RunSources(sources).write(directory);
    List<TrainingRun.Progress> told = new ArrayList<>();
    TrainingRun.Outcome outcome = run(plan("", 0), told::add).call();
    assertThat(outcome.report().reasons()).isEmpty();
    Release release = Release.load(outcome.file());
    assertThat(release.id()).isEqualTo(outcome.release().id());
    Calibration calibration = release.calibration().orElseThrow();
    assertThat(calibration.images()).isEqualTo(HELD_OUT);
    assertThat(calibration.evaluations()).isEqualTo(SmallRuns.EVALUATIONS);
    assertThat(calibration.precision()).isEqualTo("float32");
    assertThat(calibration.sources().names()).containsExactly("left", "right");
    assertThat(calibration.sources().images("left"))
        .hasSize(Collections.frequency(sources.subList(TRAINING, sources.size()), "left"));
    assertThat(release.provenance())
        .hasValue(new Provenance("run-1", "", "a test", List.of(WINDOW), settings.software()));
    TrainingRecord training = release.training();
    assertThat(training.data()).isEqualTo("test.images");
    assertThat(training.trainingImages()).isEqualTo(TRAINING);
    assertThat(training.heldOutImages()).isEqualTo(HELD_OUT);
    assertThat(training.seconds()).isBetween(SECONDS, SECONDS + 0.2);
    assertThat(told.stream().map(TrainingRun.Progress::step).distinct())
        .hasSize((int) training.steps());
    assertThat(told.stream().filter(TrainingRun.Progress::point).count())
        .isBetween(2L, (long) training.history().size());
    TrainingRun.Progress last = told.get(told.size() - 1);
    assertThat(last.step()).isEqualTo(training.steps());
    assertThat(last.images()).isEqualTo(TRAINING);
    assertThat(last.secondsLeft()).isBetween(0.0, 0.2);
    assertThat(last.heldOutBitsPerDim()).isFinite();
    assertThat(last.expected()).as("while the gate judges").isPresent();
    assertThat(told.get(0).secondsLeft()).isBetween(SECONDS - 0.5, SECONDS);
  }

  private static final Preprocessing TILED =
      Preprocessing.tiled(new ImageShape(1, 16, 16), new Tiling(2, 16))
          .with(Interpretation.usual());

  /** Pictures of 4 tiles at half their size. */
  private void writePictures() throws IOException {
    SurfaceCamera camera = new SurfaceCamera(1, 0, 64);
    for (int i = 0; i < TRAINING + HELD_OUT; i++) {
      StoredPictures.write(RunImages.folderOfPictures(directory), i, camera.frame(i).image());
    }
  }

  private static RunPlan tiled(RunPlan plan) {
    return new RunPlan(
        plan.runId(),
        plan.trigger(),
        plan.commands(),
        plan.parent(),
        plan.warm(),
        plan.minutes(),
        plan.configuration(),
        plan.precision(),
        plan.evaluations(),
        plan.alertRate(),
        plan.seed(),
        plan.heldOut(),
        plan.alerted(),
        plan.window(),
        plan.bestOrNull(),
        TILED);
  }

  /** From crops of pictures to a release that sees them by tiles, and from that to the next. */
  @Test
  void shouldLearnFromCropsOfPictures() throws IOException {
    writePictures();
    TrainingRun.Outcome first = run(tiled(plan("", 0)), progress -> {}).call();
    assertThat(first.report().reasons()).isEmpty();
    assertThat(first.report().images()).isEqualTo(HELD_OUT);
    Release release = Release.load(first.file());
    assertThat(release.preprocessing()).isEqualTo(TILED);
    assertThat(release.training().trainingImages()).isEqualTo(TRAINING);
    assertThat(release.training().heldOutImages()).isEqualTo(HELD_OUT);
    Calibration calibration = release.calibration().orElseThrow();
    assertThat(calibration.images()).isEqualTo(HELD_OUT - HELD_OUT / 3);
    assertThat(calibration.local().orElseThrow().firstLook()).isPresent();

    store.put(first.file(), release);
    directory = Files.createDirectories(folder.resolve("second"));
    writePictures();
    TrainingRun.Outcome second = run(tiled(plan(release.id(), 3)), progress -> {}).call();
    assertThat(second.report().activeBitsPerDim()).isPresent();
    assertThat(second.release().preprocessing()).isEqualTo(TILED);
    assertThat(second.release().provenance().orElseThrow().parent()).isEqualTo(release.id());
  }

  @Test
  void shouldThrowOnceItIsCancelled() throws IOException {
    write(frames());
    TrainingRun[] run = new TrainingRun[1];
    List<Long> steps = new ArrayList<>();
    run[0] =
        run(
            plan("", 0),
            progress -> {
              steps.add(progress.step());
              if (progress.step() == 3) {
                run[0].cancel();
              }
            });
    assertThatIllegalStateException()
        .isThrownBy(() -> run[0].call())
        .withMessageContaining("cancelled");
    assertThat(steps).containsExactly(1L, 2L, 3L);
    assertThat(directory.resolve("release.safetensors")).doesNotExist();
  }

  /**
   * The clock stands still between the two parts, but the second begins with a point of the curve,
   * which takes of its time: the number of steps may differ a little.
   */
  @Test
  void shouldGoOnFromItsCheckpointAndEndAsItWouldHave() throws IOException {
    write(frames());
    TrainingRun.Outcome whole = run(plan("", 0), progress -> {}).call();
    Path first = directory;
    directory = Files.createDirectories(folder.resolve("interrupted"));
    Files.copy(RunImages.fileOfWhole(first), RunImages.fileOfWhole(directory));
    TrainingRun[] run = new TrainingRun[1];
    run[0] =
        run(
            plan("", 0),
            progress -> {
              if (progress.step() == 30) {
                run[0].cancel();
              }
            });
    assertThatIllegalStateException().isThrownBy(() -> run[0].call());
    assertThat(Fit.isResumable(directory.resolve("candidate.safetensors"))).isTrue();
    List<Long> steps = new ArrayList<>();
    TrainingRun.Outcome resumed = run(plan("", 0), p -> steps.add(p.step())).call();
    assertThat(steps.get(0)).isEqualTo(31);
    TrainingRecord training = resumed.release().training();
    assertThat(training.seconds()).isBetween(SECONDS, SECONDS + 0.2);
    assertThat(training.history().get(0).step()).isZero();
    long wholeSteps = whole.release().training().steps();
    assertThat(training.steps()).isBetween(wholeSteps * 9 / 10, wholeSteps * 11 / 10);
    assertThat(resumed.report().passed()).isEqualTo(whole.report().passed());
    assertThat(resumed.report().bitsPerDim())
        .isBetween(whole.report().bitsPerDim() - 0.3, whole.report().bitsPerDim() + 0.3);
    assertThat(resumed.release().provenance()).isEqualTo(whole.release().provenance());
  }

  /** Killed between the last checkpoint and the gate's verdict. */
  @Test
  void shouldComeToTheSameReleaseWhenItIsCalledAgainAfterItsTraining() throws IOException {
    write(frames());
    TrainingRun.Outcome once = run(plan("", 0), progress -> {}).call();
    Files.delete(directory.resolve("release.safetensors"));
    List<TrainingRun.Progress> told = new ArrayList<>();
    TrainingRun.Outcome again = run(plan("", 0), told::add).call();
    assertThat(told).isEmpty();
    assertThat(again.release().parameters()).isEqualTo(once.release().parameters());
    assertThat(again.report()).isEqualTo(once.report());
    assertThat(again.release().calibration()).isEqualTo(once.release().calibration());
  }

  /** Killed in the gate after a training that ended early: its time is not used up. */
  @Test
  void shouldNotTrainOnAfterAPlateauThatItHadReachedBeforeItWasKilled() throws IOException {
    write(frames());
    TrainingRun.Outcome once = run(flat(plan("", 0)), progress -> {}).call();
    assertThat(once.release().training().seconds()).as("ended early").isLessThan(SECONDS * 0.9);
    List<TrainingRun.Progress> told = new ArrayList<>();

    TrainingRun.Outcome again = run(flat(plan("", 0)), told::add).call();

    assertThat(told).isEmpty();
    assertThat(again.release().training().steps()).isEqualTo(once.release().training().steps());
    assertThat(again.release().parameters()).isEqualTo(once.release().parameters());
  }

  /**
   * Of 36 normal images at a rate of 0.1 four more should have alerted: of 16 that did four stay,
   * which are frames; noise does not.
   */
  @Test
  void shouldCalibrateWithAsManyImagesThatAlertedAsNormalOnesRaise() throws IOException {
    List<PixelImage> images = new ArrayList<>(frames());
    Path uncalibrated = folder.resolve("uncalibrated");
    Release trained =
        SmallRuns.train(
            uncalibrated, ImageDatasets.of(images.subList(0, TRAINING)), 60, Optional.empty());
    Path file = folder.resolve("parent");
    Release parent =
        trained.recalibrated(
            file,
            Calibrator.calibrate(
                trained,
                ImageDatasets.of(images.subList(TRAINING, images.size())),
                HELD_OUT,
                SmallRuns.EVALUATIONS,
                Execution.CPU,
                done -> {},
                () -> false));
    store.put(file, parent);
    images.addAll(alerting(parent, 4));
    List<PixelImage> noise = noise(12);
    images.addAll(noise);
    write(images);
    TrainingRun.Outcome outcome = run(plan(parent.id(), 16), progress -> {}).call();
    assertThat(outcome.report().reasons()).isEmpty();
    assertThat(outcome.report().images()).isEqualTo(HELD_OUT + 4);
    assertThat(outcome.report().activeBitsPerDim()).isPresent();
    assertThat(outcome.release().training().heldOutImages()).isEqualTo(HELD_OUT + 4);
    assertThat(outcome.release().provenance().orElseThrow().parent()).isEqualTo(parent.id());
    float[] scores = outcome.release().calibration().orElseThrow().bitsPerDim();
    assertThat(scores).hasSize(HELD_OUT + 4);
    try (ImageScorer scorer =
        new ImageScorer(outcome.release(), Execution.CPU, SmallRuns.EVALUATIONS)) {
      assertThat(noise)
          .allMatch(image -> scorer.score(image).bitsPerDim() > scores[scores.length - 1]);
    }
  }

  /** Frames that a release alerts on. */
  private static List<PixelImage> alerting(Release release, int number) {
    AlertRule rule = AlertRule.of(release, SmallRuns.EVALUATIONS, "float32", ALERT_RATE);
    try (ImageScorer scorer = new ImageScorer(release, Execution.CPU, SmallRuns.EVALUATIONS)) {
      return IntStream.range(1000, 2000)
          .mapToObj(i -> CAMERA.frame(i).image())
          .filter(image -> rule.judge(scorer.score(image)).alert())
          .limit(number)
          .toList();
    }
  }

  /** Images of independent pixels. */
  private static List<PixelImage> noise(int number) {
    Random random = new Random(3);
    return IntStream.range(0, number)
        .mapToObj(
            i -> {
              byte[] pixels = new byte[256];
              random.nextBytes(pixels);
              return new PixelImage(1, 16, 16, pixels);
            })
        .toList();
  }

  @Test
  void shouldRefuseAPrecisionThatItDoesNotKnow() throws IOException {
    write(frames());
    RunPlan plan = plan("", 0);
    RunPlan unknown =
        new RunPlan(
            plan.runId(),
            plan.trigger(),
            plan.commands(),
            plan.parent(),
            plan.warm(),
            plan.minutes(),
            Map.copyOf(plan.configuration()),
            "float8",
            plan.evaluations(),
            plan.alertRate(),
            plan.seed(),
            plan.heldOut(),
            plan.alerted(),
            plan.window(),
            plan.bestOrNull(),
            plan.tiledOrNull());
    assertThatIllegalStateException()
        .isThrownBy(() -> run(unknown, progress -> {}).call())
        .withMessageContaining("float8");
  }
}
