package io.surprisal.trainer.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.trainer.SmallRuns;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("training")
class GateTest {
  private static final int STEPS = 100;
  private static final double TOLERANCE = 0.01;
  private static final SurfaceCamera CAMERA = new SurfaceCamera(1, 0, 16);
  private static final ImageDataset TRAINING = CAMERA.normalFrames(0, 200);
  private static final ImageDataset HELD_OUT = CAMERA.normalFrames(1000, 64);

  private static final Gate GATE =
      new Gate(
          new GateSettings(TOLERANCE, SmallRuns.EVALUATIONS, 0.05), Execution.CPU, 1, () -> false);

  @TempDir static Path folder;
  private static Release active;

  @BeforeAll
  static void train() throws IOException {
    active = SmallRuns.train(folder.resolve("active"), TRAINING, STEPS, Optional.empty());
  }

  private static GateReport judge(Release candidate, Optional<Release> before) throws IOException {
    return GATE.judge(candidate, before, Optional.empty(), new HeldOutWhole(HELD_OUT));
  }

  private static Release damaged(String name, Consumer<float[]> damage) throws IOException {
    float[] parameters = active.parameters();
    damage.accept(parameters);
    return Release.write(
        folder.resolve(name),
        active.configuration(),
        parameters,
        Optional.empty(),
        active.training());
  }

  private static void assertRise(GateReport report) {
    assertThat(report.passed()).isFalse();
    assertThat(report.increaseLowerBound().orElseThrow()).isGreaterThan(TOLERANCE);
    assertThat(report.reasons()).anyMatch(reason -> reason.startsWith("held-out bits/dim rise"));
    assertThat(report.summary()).contains(report.reasons());
  }

  @Test
  void shouldPassTheFirstCandidate() throws IOException {
    GateReport report = judge(active, Optional.empty());
    assertThat(report.reasons()).isEmpty();
    assertThat(report.passed()).isTrue();
    assertThat(report.images()).isEqualTo(64);
    assertThat(report.bitsPerDim()).isBetween(3.0, 7.0);
    assertThat(report.activeBitsPerDim()).isEmpty();
  }

  @Test
  void shouldPassACandidateThatLearnedMore() throws IOException {
    Release longer = SmallRuns.train(folder.resolve("longer"), TRAINING, 50, Optional.of(active));
    GateReport report = judge(longer, Optional.of(active));
    assertThat(report.reasons()).isEmpty();
    assertThat(report.bitsPerDim()).isLessThan(report.activeBitsPerDim().orElseThrow() + TOLERANCE);
  }

  @Test
  void shouldPassTheActiveReleaseItself() throws IOException {
    GateReport report = judge(active, Optional.of(active));
    assertThat(report.reasons()).isEmpty();
    assertThat(report.increaseLowerBound()).hasValue(0);
  }

  @Test
  void shouldRefuseNoiseOnTheWeights() throws IOException {
    Random random = new Random(2);
    assertRise(
        judge(
            damaged(
                "noise",
                p -> {
                  for (int i = ParameterLayout.END_POINTS; i < p.length; i++) {
                    p[i] += (float) (0.1 * random.nextGaussian());
                  }
                }),
            Optional.of(active)));
  }

  /** Each is a little worse than the one before, and all together are more than that. */
  @Test
  void shouldRefuseTheOneOfManyThatIsTooFarFromTheBest() throws IOException {
    HeldOutImages images = new HeldOutWhole(HELD_OUT);
    Release before = active;
    Optional<GateReport> refused = Optional.empty();
    for (int i = 1; i <= 40 && refused.isEmpty(); i++) {
      double amount = 0.002 * i;
      Random random = new Random(5);
      Release next =
          damaged(
              "worn-" + i,
              p -> {
                for (int j = ParameterLayout.END_POINTS; j < p.length; j++) {
                  p[j] += (float) (amount * random.nextGaussian());
                }
              });
      GateReport report = GATE.judge(next, Optional.of(before), Optional.of(active), images);
      assertThat(report.reasons())
          .as("beside the one before it")
          .noneMatch(reason -> reason.contains("bits/dim rise"));
      refused =
          Optional.of(report)
              .filter(
                  of -> of.reasons().stream().anyMatch(reason -> reason.contains("best release")));
      before = next;
    }
    assertThat(refused).isPresent();
  }

  @Test
  void shouldRefuseAZeroedLayer() throws IOException {
    ParameterLayout.Entry layer =
        ParameterLayout.of(active.configuration()).entries().stream()
            .filter(entry -> entry.name().equals("network.first.weight"))
            .findFirst()
            .orElseThrow();
    assertRise(
        judge(
            damaged(
                "zeroed", p -> Arrays.fill(p, layer.offset(), layer.offset() + layer.size(), 0)),
            Optional.of(active)));
  }

  @Test
  void shouldRefuseWhatLearnedFromConstantImages() throws IOException {
    ImageDataset constant =
        ImageDatasets.of(
            IntStream.range(0, 100)
                .mapToObj(
                    i -> {
                      byte[] pixels = new byte[256];
                      Arrays.fill(pixels, (byte) (80 + i));
                      return new PixelImage(1, 16, 16, pixels);
                    })
                .toList());
    assertRise(
        judge(
            SmallRuns.train(folder.resolve("constant"), constant, STEPS, Optional.empty()),
            Optional.of(active)));
  }

  /** Of a camera that stood still: one frame, in which a level or two of each pixel change. */
  @Test
  void shouldRefuseWhatIsOverfittedToFiftyImages() throws IOException {
    Random random = new Random(5);
    byte[] frame = TRAINING.image(3).pixels();
    ImageDataset still =
        ImageDatasets.of(
            IntStream.range(0, 50)
                .mapToObj(
                    i -> {
                      byte[] pixels = frame.clone();
                      for (int k = 0; k < pixels.length; k++) {
                        pixels[k] += (byte) (random.nextInt(3) - 1);
                      }
                      return new PixelImage(1, 16, 16, pixels);
                    })
                .toList());
    assertRise(
        judge(
            SmallRuns.train(folder.resolve("overfitted"), still, STEPS, Optional.of(active)),
            Optional.of(active)));
  }

  /** A release's file with such weights is refused when it is read; this one never was. */
  @Test
  void shouldRefuseWeightsThatAreNoNumbers() throws IOException {
    GateReport report =
        judge(damaged("nan", p -> p[p.length / 2] = Float.NaN), Optional.of(active));
    assertThat(report.reasons()).containsExactly("a held-out image has no finite score");
  }

  /** Of a stream of noise a blank square is the least surprising part. */
  @Test
  void shouldRefuseAFirstCandidateThatCannotTellDamagedImages() throws IOException {
    Random random = new Random(3);
    ImageDataset noise =
        ImageDatasets.of(IntStream.range(0, HELD_OUT.size()).mapToObj(i -> noise(random)).toList());
    GateReport report =
        GATE.judge(active, Optional.empty(), Optional.empty(), new HeldOutWhole(noise));
    assertThat(report.reasons()).hasSize(1);
    assertThat(report.reasons().get(0))
        .startsWith("damaged images are told from whole ones with an AUROC of 0.")
        .endsWith("needed are 0.500");
  }

  /** Every second image calibrates, and the others are noise. */
  @Test
  void shouldRefuseWhatAlertsMoreOftenThanItIsCalibratedTo() throws IOException {
    Random random = new Random(3);
    ImageDataset halves =
        ImageDatasets.of(
            IntStream.range(0, HELD_OUT.size())
                .mapToObj(i -> i % 2 == 0 ? HELD_OUT.image(i) : noise(random))
                .toList());
    assertThat(
            GATE.judge(active, Optional.empty(), Optional.empty(), new HeldOutWhole(halves))
                .reasons())
        .anyMatch(reason -> reason.startsWith("32 of 32 held-out images alert"));
  }

  /** An image of independent pixels. */
  private static PixelImage noise(Random random) {
    byte[] pixels = new byte[256];
    random.nextBytes(pixels);
    return new PixelImage(1, 16, 16, pixels);
  }

  /**
   * Of 20,000 draws with 40 images each the share that is refused has a standard deviation of
   * 0.0007: it is above 0.014 with probability 1e-8 if it is 0.01 as it should be, and above 0.02
   * hardly ever.
   */
  @Test
  void shouldRefuseEqualCandidatesNoOftenerThanOneInAHundred() {
    Random random = new Random(4);
    int refused = 0;
    for (int draw = 0; draw < 20_000; draw++) {
      double[] candidate = random.doubles(40, 3, 8).toArray();
      double[] before = candidate.clone();
      for (int i = 0; i < before.length; i++) {
        before[i] += 0.05 * random.nextGaussian();
      }
      refused += Gate.increaseLowerBound(candidate, before) > 0 ? 1 : 0;
    }
    assertThat(refused / 20_000.0).isBetween(0.006, 0.014);
  }

  /** Student's t with 9 degrees of freedom has its 99 % quantile at 2.821. */
  @Test
  void shouldBoundTheIncreaseByStudentsDistribution() {
    double[] before = new double[10];
    double[] candidate =
        IntStream.range(0, 10).mapToDouble(i -> 1 + (i % 2 == 0 ? 3 : -3)).toArray();
    double standardError = Math.sqrt(90.0 / 9 / 10);
    double t = (1 - Gate.increaseLowerBound(candidate, before)) / standardError;
    assertThat(t).isBetween(2.70, 2.83);
  }
}
