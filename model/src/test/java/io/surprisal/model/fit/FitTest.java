package io.surprisal.model.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Provenance;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.Checkpoint;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.model.training.ModelTrainerTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("training")
class FitTest {
  private static final FitConfiguration FIT = ModelTrainerTest.FIT;
  private static final ModelConfiguration MODEL = FIT.model(new ImageShape(1, 8, 8));
  private static final InstantSource STANDING = InstantSource.fixed(Instant.EPOCH);
  private static final int IMAGES = 40;

  private static final Provenance PROVENANCE =
      new Provenance(
          "run-1",
          "",
          "a test",
          List.of(new Provenance.Range("images", 0, 3, 99)),
          "surprisal test");

  @TempDir Path folder;
  private Path out;

  private Path out(String name) {
    out = folder.resolve(name);
    return out;
  }

  /** Hears of a run, and stops it after some steps. */
  private static class Ear implements Fit.Listener {
    private final List<TrainingRecord.Point> curve = new ArrayList<>();
    private final long stopAfter;
    private long steps;
    private double fraction;
    private int calibrated;

    Ear(long stopAfter) {
      this.stopAfter = stopAfter;
    }

    boolean stop() {
      return steps >= stopAfter;
    }

    @Override
    public void started(
        ModelConfiguration model, int parameters, int trainingImages, int heldOutImages) {
      assertThat(parameters).isPositive();
      assertThat(trainingImages + heldOutImages).isEqualTo(IMAGES);
    }

    @Override
    public void step(long step, double newFraction, double bitsPerDim, double imagesPerSecond) {
      steps = step;
      fraction = newFraction;
      assertThat(newFraction).isBetween(0.0, 1.0);
      assertThat(bitsPerDim).isFinite();
    }

    @Override
    public void measured(TrainingRecord.Point point) {
      curve.add(point);
    }

    @Override
    public void calibrating(int done, int of) {
      calibrated = done;
      assertThat(done).isLessThanOrEqualTo(of);
    }
  }

  private FitRequest request(
      ImageDataset data,
      FitConfiguration fit,
      long steps,
      double heldOut,
      long seed,
      boolean resume) {
    return new FitRequest(
        new FitImages.Whole(data, "noise", new HeldOut.Share(heldOut)),
        fit,
        resume ? new Start.Resumed() : new Start.Anew(),
        new Budget.Steps(steps),
        seed,
        Execution.CPU,
        outcome(100));
  }

  private FitRequest.Outcome outcome(int calibrationImages) {
    return new FitRequest.Outcome(
        out, FitRequest.Weights.AVERAGED, 4, calibrationImages, Optional.empty());
  }

  private Release run(FitConfiguration fit, long steps, boolean resume, Ear ear)
      throws IOException {
    return run(request(TinyModels.noiseDataset(MODEL, IMAGES), fit, steps, 0.2, 7, resume), ear);
  }

  private static Release run(FitRequest request, Ear ear) throws IOException {
    return new Fit(request, ear, ear::stop, STANDING).run();
  }

  /** With dropout, moving average, warm-up and decay, and one that was interrupted. */
  @Test
  void shouldEndTheSameWhetherInterruptedOrNot() throws IOException {
    out("whole");
    Release whole = run(FIT, 10, false, new Ear(Long.MAX_VALUE));
    Checkpoint wholeState = Checkpoint.read(Checkpoint.beside(out));
    out("parts");
    Ear first = new Ear(5);
    Release half = run(FIT, 10, false, first);
    assertThat(first.steps).isEqualTo(5);
    assertThat(half.training().steps()).isEqualTo(5);
    Ear second = new Ear(Long.MAX_VALUE);
    Release resumed = run(FIT, 10, true, second);
    assertThat(Checkpoint.read(Checkpoint.beside(out)).state()).isEqualTo(wholeState.state());
    assertThat(resumed.parameters()).isEqualTo(whole.parameters()).isNotEqualTo(half.parameters());
    assertThat(resumed.training().steps()).isEqualTo(10);
    assertThat(resumed.training().images()).isEqualTo(60);
    assertThat(second.fraction).isEqualTo(1);
    assertThat(resumed.calibration()).isEqualTo(whole.calibration());
  }

  @Test
  void shouldLeaveAUsableReleaseAndACheckpointWhenStopped() throws IOException {
    out("m");
    Ear ear = new Ear(3);
    Release release = run(FIT, 1000, false, ear);
    Release read = Release.load(out);
    assertThat(read.id()).isEqualTo(release.id());
    assertThat(read.training().steps()).isEqualTo(3);
    assertThat(read.training().trainingImages()).isEqualTo(32);
    assertThat(read.training().heldOutImages()).isEqualTo(8);
    assertThat(read.training().averaged()).isTrue();
    assertThat(read.training().data()).isEqualTo("noise");
    assertThat(read.calibration().orElseThrow().images()).isEqualTo(8).isEqualTo(ear.calibrated);
    assertThat(ear.curve).isNotEmpty().isEqualTo(read.training().history());
    assertThat(ear.curve.get(0).step()).isZero();
    assertThat(Checkpoint.read(Checkpoint.beside(out)).state().steps()).isEqualTo(3);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(out, Checkpoint.beside(out));
    }
  }

  @Test
  void shouldReadBackACheckpoint() throws IOException {
    out("m");
    run(FIT, 3, false, new Ear(Long.MAX_VALUE));
    Checkpoint checkpoint = Checkpoint.read(Checkpoint.beside(out));
    Path copy = folder.resolve("copy");
    checkpoint.write(copy);
    assertThat(Checkpoint.read(copy)).isEqualTo(checkpoint);
    assertThat(Files.readAllBytes(copy)).isEqualTo(Files.readAllBytes(Checkpoint.beside(out)));
  }

  @Test
  void shouldRefuseToResumeAnotherRun() throws IOException {
    out("m");
    run(FIT, 2, false, new Ear(Long.MAX_VALUE));
    ImageDataset data = TinyModels.noiseDataset(MODEL, IMAGES);
    assertRefused(
        request(data, FIT.with(Map.of("batch", 5)), 4, 0.2, 7, true), "configuration", "batch=6");
    assertRefused(request(data, FIT, 4, 0.2, 8, true), "seed 7");
    assertRefused(
        request(TinyModels.noiseDataset(MODEL, IMAGES - 1), FIT, 4, 0.2, 7, true), "40 images");
    assertRefused(request(data, FIT, 4, 0.1, 7, true), "other images or another held-out share");
    ImageDataset other = TinyModels.dataset(MODEL, IMAGES, i -> TinyModels.noise(MODEL, -i));
    assertRefused(request(other, FIT, 4, 0.2, 7, true), "other images or another held-out share");
    run(FIT, 4, true, new Ear(Long.MAX_VALUE));
  }

  private static void assertRefused(FitRequest request, String... said) {
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> run(request, new Ear(Long.MAX_VALUE)))
        .satisfies(
            e ->
                assertThat(e.getMessage())
                    .contains("is of another run")
                    .contains(said)
                    .contains("start without --resume"));
  }

  /** They drew each held-out image by itself: what such a run has trained on it never holds out. */
  @Test
  void shouldResumeARunThatAnEarlierVersionSplit() throws IOException {
    out("m");
    ImageDataset data = TinyModels.noiseDataset(MODEL, 1000);
    FitRequest begun = request(data, FIT, 2, 0.2, 7, false);
    assertThat(run(begun, new SplitEar()).training().trainingImages()).isBetween(700, 720);
    Checkpoint now = Checkpoint.read(Checkpoint.beside(out));
    int fingerprint = FitSplit.ofEarlierVersions(begun.images(), 7).fingerprint();
    assertThat(fingerprint).isNotEqualTo(now.fingerprint());
    new Checkpoint(
            now.model(),
            now.fit(),
            now.seed(),
            now.images(),
            fingerprint,
            now.seconds(),
            now.history(),
            now.state())
        .write(Checkpoint.beside(out));

    Release release = run(request(data, FIT, 4, 0.2, 7, true), new SplitEar());

    assertThat(release.training().trainingImages()).isEqualTo(800);
    assertThat(Checkpoint.read(Checkpoint.beside(out)).fingerprint()).isEqualTo(fingerprint);
  }

  /** Of a run on more images. */
  private static final class SplitEar extends Ear {
    SplitEar() {
      super(Long.MAX_VALUE);
    }

    @Override
    public void started(
        ModelConfiguration model, int parameters, int trainingImages, int heldOutImages) {
      assertThat(heldOutImages).isEqualTo(200);
    }
  }

  @Test
  void shouldTellAReleaseACheckpointAndNothingApart() throws IOException {
    out("m");
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> run(FIT, 2, true, new Ear(Long.MAX_VALUE)))
        .withMessageContaining("run without --resume");
    run(FIT, 2, false, new Ear(Long.MAX_VALUE));
    Path checkpoint = Checkpoint.beside(out);
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Release.load(checkpoint))
        .withMessageContaining("no Surprisal release");
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> Checkpoint.read(out))
        .withMessageContaining("is no checkpoint");
    byte[] bytes = Files.readAllBytes(checkpoint);
    Files.write(checkpoint, Arrays.copyOf(bytes, bytes.length / 2));
    assertThatExceptionOfType(ReleaseException.class)
        .isThrownBy(() -> run(FIT, 4, true, new Ear(Long.MAX_VALUE)))
        .withMessageContaining(checkpoint.toString());
  }

  @Test
  void shouldLeaveTheCheckpointWhenTrainingDiverges() throws IOException {
    out("m");
    run(FIT, 10, false, new Ear(1));
    Path file = Checkpoint.beside(out);
    Checkpoint about = Checkpoint.read(file);
    float[] parameters = about.state().parameters();
    parameters[parameters.length - 1] = 1e30f;
    about.write(file);
    byte[] checkpoint = Files.readAllBytes(file);
    assertThatExceptionOfType(ArithmeticException.class)
        .isThrownBy(() -> run(FIT, 10, true, new Ear(Long.MAX_VALUE)))
        .withMessageContaining("diverged at step 1");
    assertThat(Files.readAllBytes(file)).isEqualTo(checkpoint);
    assertThat(Release.load(out).training().steps()).isEqualTo(1);
  }

  /** What is read before a step is trained on, what is read before a point is held out. */
  @Test
  void shouldTrainOnNoHeldOutImage() throws IOException {
    out("m");
    Set<Integer> read = new TreeSet<>();
    Set<Integer> trained = new TreeSet<>();
    Set<Integer> measured = new TreeSet<>();
    ImageDataset data =
        TinyModels.dataset(
            MODEL,
            IMAGES,
            i -> {
              read.add(i);
              return TinyModels.noise(MODEL, i);
            });
    Ear ear =
        new Ear(Long.MAX_VALUE) {
          @Override
          public void step(long step, double fraction, double bitsPerDim, double rate) {
            trained.addAll(read);
            read.clear();
          }

          @Override
          public void measured(TrainingRecord.Point point) {
            measured.addAll(read);
            read.clear();
          }
        };
    run(request(data, FIT, 20, 0.2, 7, false), ear);
    assertThat(trained).hasSize(32).doesNotContainAnyElementsOf(measured);
    assertThat(measured).hasSize(8);
  }

  @Test
  void shouldGoWithoutACalibrationWhereNothingIsHeldOut() throws IOException {
    out("m");
    Release release =
        run(
            request(TinyModels.noiseDataset(MODEL, IMAGES), FIT, 2, 0, 7, false),
            new Ear(Long.MAX_VALUE));
    assertThat(release.calibration()).isEmpty();
    assertThat(release.training().history()).isEmpty();
  }

  /** The budget is wall time, told by the clock that is given. */
  @Test
  void shouldEndWhenItsTimeIsUp() throws IOException {
    out("m");
    Instant[] now = {Instant.EPOCH};
    InstantSource clock = () -> now[0] = now[0].plusMillis(100);
    FitRequest request =
        new FitRequest(
            new FitImages.Whole(
                TinyModels.noiseDataset(MODEL, IMAGES), "noise", new HeldOut.Share(0.2)),
            FIT,
            new Start.Anew(),
            new Budget.Time(Duration.ofSeconds(5)),
            7,
            Execution.CPU,
            outcome(8));
    Ear ear = new Ear(Long.MAX_VALUE);
    Release release = new Fit(request, ear, () -> false, clock).run();
    assertThat(release.training().steps()).isBetween(2L, 50L);
    assertThat(release.training().seconds()).isBetween(5.0, 8.0);
  }

  @Test
  void shouldRefuseARunWithoutEnd() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Budget.Steps(-1))
        .withMessage("a run needs an end: -1 is no number of steps");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Budget.Time(Duration.ofMillis(-1)))
        .withMessage("a run needs an end: PT-0.001S is no time");
  }

  /** Images of one grey level each: log₂ 40 bits for all 64 dimensions would do. */
  @Test
  void shouldLearnWhatIsEasilyCompressed() throws IOException {
    FitConfiguration fit =
        FitConfiguration.parse(
            "{\"embedding\": 8, \"blocks\": 1, \"groups\": 4, \"batch\": 16,"
                + " \"learningRate\": 0.01, \"warmupSteps\": 5}");
    ImageDataset flat =
        TinyModels.dataset(
            MODEL,
            IMAGES,
            i -> {
              byte[] pixels = new byte[64];
              Arrays.fill(pixels, (byte) (100 + i));
              return new PixelImage(1, 8, 8, pixels);
            });
    out("m");
    Release release = run(request(flat, fit, 150, 0.2, 7, false), new Ear(Long.MAX_VALUE));
    List<TrainingRecord.Point> curve = release.training().history();
    double untrained = curve.get(0).heldOutBitsPerDim();
    double trained = curve.get(curve.size() - 1).heldOutBitsPerDim();
    assertThat(curve.get(curve.size() - 1).step()).isEqualTo(150);
    assertThat(untrained).isBetween(6.0, 16.0);
    assertThat(trained).isLessThan(untrained - 3);
  }

  private FitRequest streamRequest(
      ImageDataset data, FitConfiguration fit, long steps, Start start) {
    return new FitRequest(
        new FitImages.Whole(data, "stream", new HeldOut.Last(8)),
        fit,
        start,
        new Budget.Steps(steps),
        7,
        Execution.CPU,
        new FitRequest.Outcome(out, FitRequest.Weights.AVERAGED, 4, 0, Optional.of(PROVENANCE)));
  }

  @Test
  void shouldStartFromTheWeightsOfItsParent() throws IOException {
    ImageDataset data = TinyModels.noiseDataset(MODEL, IMAGES);
    out("parent");
    Release parent = run(request(data, FIT, 5, 0.2, 8, false), new Ear(Long.MAX_VALUE));
    out("unmoved");
    Release unmoved =
        run(streamRequest(data, FIT, 0, new Start.From(parent)), new Ear(Long.MAX_VALUE));
    assertThat(unmoved.parameters()).isEqualTo(parent.parameters());
    out("m");
    Release child =
        run(streamRequest(data, FIT, 2, new Start.From(parent)), new Ear(Long.MAX_VALUE));
    out("n");
    Release anew = run(streamRequest(data, FIT, 2, new Start.Anew()), new Ear(Long.MAX_VALUE));
    assertThat(distance(child, parent)).isPositive().isLessThan(distance(anew, parent) / 5);
    assertThat(child.training().steps()).isEqualTo(2);
    assertThat(parent.parameters()).isEqualTo(Release.load(folder.resolve("parent")).parameters());
  }

  private static double distance(Release one, Release other) {
    float[] a = one.parameters();
    float[] b = other.parameters();
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += Math.pow(a[i] - b[i], 2);
    }
    return Math.sqrt(squares);
  }

  @Test
  void shouldRefuseAParentOfAnotherNetwork() throws IOException {
    out("parent");
    Release parent =
        Release.untrained(out, FIT.with(Map.of("embedding", 12)).model(new ImageShape(1, 8, 8)), 1);
    ImageDataset data = TinyModels.noiseDataset(MODEL, IMAGES);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> streamRequest(data, FIT, 1, new Start.From(parent)))
        .withMessageContaining("the release to start from has the network");
  }

  @Test
  void shouldHoldOutTheLastImagesAndSayWhereTheyComeFrom() throws IOException {
    out("m");
    Set<Integer> read = new TreeSet<>();
    Set<Integer> trained = new TreeSet<>();
    ImageDataset data =
        TinyModels.dataset(
            MODEL,
            IMAGES,
            i -> {
              read.add(i);
              return TinyModels.noise(MODEL, i);
            });
    Ear ear =
        new Ear(Long.MAX_VALUE) {
          @Override
          public void step(long step, double fraction, double bitsPerDim, double rate) {
            trained.addAll(read);
            read.clear();
          }

          @Override
          public void measured(TrainingRecord.Point point) {
            read.clear();
          }
        };
    Release release = run(streamRequest(data, FIT, 20, new Start.Anew()), ear);
    assertThat(trained).hasSize(32).allMatch(i -> i < 32);
    assertThat(release.training().heldOutImages()).isEqualTo(8);
    assertThat(release.calibration()).isEmpty(); // none was asked for
    assertThat(Release.load(out).provenance()).hasValue(PROVENANCE);
    assertThat(run(FIT, 1, false, new Ear(Long.MAX_VALUE)).provenance()).isEmpty();
  }
}
