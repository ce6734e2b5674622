package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.service.cli.Json;
import io.surprisal.service.system.CommandRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code inspect --plot}: the numbers that it draws, and that it draws them. */
class ReleasePanelsTest {
  private static final LossProfile PROFILE =
      new LossProfile(
          List.of(
              new LossProfile.Point(0.25, -8.7, 5, 4, 10),
              new LossProfile.Point(0.75, 0.4, 1, 0.01, 14)));

  private static final TrainingRecord TRAINED =
      new TrainingRecord(
          10,
          160,
          1.5,
          7,
          "tiny",
          90,
          10,
          Map.of(),
          Double.NaN,
          true,
          List.of(
              new TrainingRecord.Point(0, Double.NaN, 14, -13.3, 5),
              new TrainingRecord.Point(10, 13, 12, -13.2, 5.1)));

  @TempDir private Path folder;

  private Path file() {
    return folder.resolve("m.safetensors");
  }

  private static ModelConfiguration configuration(Schedule schedule) {
    return new ModelConfiguration(1, 8, 8, 8, 1, 4, 1e-5, List.of(), 0, -13.3, 5, schedule);
  }

  private Release release(Schedule schedule, LossProfile profile) throws IOException {
    ModelConfiguration configuration = configuration(schedule);
    return Release.write(
        file(),
        configuration,
        InitialParameters.draw(configuration, 1),
        Optional.of(new Calibration(8, "float32", new float[] {1}, List.of(), profile)),
        TRAINED);
  }

  @ParameterizedTest
  @EnumSource(Schedule.class)
  void shouldShowEverySchedulesCurveAgainstTheStraightLine(Schedule schedule) throws IOException {
    Panel panel = ReleasePanels.of(release(schedule, PROFILE)).get(0);

    Panel.Curve gamma = panel.curves().get(0);
    Panel.Curve line = panel.curves().get(1);
    int last = gamma.x().length - 1;
    assertThat(panel.title()).contains(schedule.name());
    assertThat(gamma.x()[0]).isZero();
    assertThat(gamma.x()[last]).isEqualTo(1);
    assertThat(gamma.y()).isSorted();
    assertThat(line.style()).isEqualTo(Panel.Style.REFERENCE);
    assertThat(line.x()).containsExactly(0, 1);
    assertThat(line.y()).containsExactly(gamma.y()[0], gamma.y()[last]);
    assertThat(panel.yAxes()).hasSize(1);
    assertThat(panel.logarithmic()).isFalse();
  }

  /** Means 5 and 1 are each 2 away from theirs: the variance is ½ (4 + 0.01) + 2². */
  @Test
  void shouldShowLossAndVarianceOverTimeOnAxesOfTheirOwn() throws IOException {
    Panel panel = ReleasePanels.of(release(Schedule.LEARNED_SCALAR, PROFILE)).get(1);

    assertThat(panel.title()).contains("loss 3.000 bits/dim", "variance at uniform t 6.0");
    assertThat(panel.curves()).extracting(curve -> curve.x()[1]).containsExactly(0.75, 0.75);
    assertThat(panel.curves().get(0).y()).containsExactly(5, 1);
    assertThat(panel.curves().get(1).y()).containsExactly(4, 0.01);
    assertThat(panel.yAxes()).hasSize(2);
    assertThat(panel.logarithmic()).isTrue();
  }

  /** Zero has no logarithm. */
  @Test
  void shouldKeepTheAxisLinearWhereAVarianceIsZero() throws IOException {
    LossProfile profile =
        new LossProfile(
            List.of(
                new LossProfile.Point(0.25, -8.7, 5, 4, 10),
                new LossProfile.Point(0.75, 0.4, 0.1, 0, 14)));

    assertThat(ReleasePanels.of(release(Schedule.FIXED_LINEAR, profile)).get(1).logarithmic())
        .isFalse();
  }

  @Test
  void shouldShowTheLearningCurveWithoutWhatWasNotMeasured() throws IOException {
    Panel panel = ReleasePanels.of(release(Schedule.LEARNED_SCALAR, PROFILE)).get(2);

    Panel.Curve heldOut = panel.curves().get(0);
    Panel.Curve training = panel.curves().get(1);
    assertThat(heldOut.name()).isEqualTo("held-out");
    assertThat(heldOut.x()).containsExactly(0, 10);
    assertThat(heldOut.y()).containsExactly(14, 12);
    assertThat(training.x()).containsExactly(10);
    assertThat(training.y()).containsExactly(13);
  }

  @Test
  void shouldSayWhatAReleaseLacks() throws IOException {
    List<Panel> panels =
        ReleasePanels.of(Release.untrained(file(), configuration(Schedule.LEARNED_SCALAR), 1));

    assertThat(panels.get(0).curves()).hasSize(2);
    assertThat(panels.get(1).curves()).isEmpty();
    assertThat(panels.get(1).absence()).contains("surprisal calibrate");
    assertThat(panels.get(2).curves()).isEmpty();
    assertThat(panels.get(2).absence()).contains("no history");
  }

  @Test
  void shouldDrawThePanelsSideBySide() throws IOException {
    release(Schedule.LEARNED_MONOTONE, PROFILE);
    Path png = folder.resolve("plot.PNG");

    CommandRun run = CommandRun.of("inspect", file().toString(), "--plot", png.toString());

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains(png.toString());
    assertThat(coloursOf(png)).allSatisfy(colours -> assertThat(colours).hasSizeGreaterThan(50));
  }

  @Test
  void shouldDrawAReleaseThatLacksEverything() throws IOException {
    Release.untrained(file(), configuration(Schedule.FIXED_COSINE), 1);
    Path png = folder.resolve("plot.png");

    CommandRun run = CommandRun.of("inspect", file().toString(), "--plot", png.toString());

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(coloursOf(png)).allSatisfy(colours -> assertThat(colours).hasSizeGreaterThan(2));
  }

  /** The colours of each panel of a release that has one histogram at most. */
  private static List<Set<Integer>> coloursOf(Path png) throws IOException {
    BufferedImage image = ImageIO.read(png.toFile());
    assertThat(image.getWidth()).isEqualTo(3 * Figure.WIDTH);
    assertThat(image.getHeight()).isEqualTo(2 * Figure.HEIGHT);
    return List.of(
        coloursOf(image, 0, 0),
        coloursOf(image, 0, 1),
        coloursOf(image, 0, 2),
        coloursOf(image, 1, 0));
  }

  private static Set<Integer> coloursOf(BufferedImage image, int row, int column) {
    int left = column * Figure.WIDTH;
    int top = row * Figure.HEIGHT;
    Set<Integer> colours = new HashSet<>();
    Arrays.stream(image.getRGB(left, top, Figure.WIDTH, Figure.HEIGHT, null, 0, Figure.WIDTH))
        .forEach(colours::add);
    return colours;
  }

  @Test
  void shouldPrintTheProfileAsJson() throws IOException {
    release(Schedule.LEARNED_SCALAR, PROFILE);

    CommandRun run = CommandRun.of("inspect", file().toString(), "--json");

    JsonNode calibration = Json.MAPPER.readTree(run.out()).get("calibration");
    assertThat(calibration.get("lossProfile")).hasSize(2);
    JsonNode point = calibration.get("lossProfile").get(0);
    assertThat(point.get("t").doubleValue()).isEqualTo(0.25);
    assertThat(point.get("gamma").doubleValue()).isEqualTo(-8.7);
    assertThat(point.get("lossBitsPerDim").doubleValue()).isEqualTo(5);
    assertThat(point.get("variance").doubleValue()).isEqualTo(4);
    assertThat(point.get("evaluations").intValue()).isEqualTo(10);
    assertThat(calibration.get("diffusionBitsPerDim").doubleValue()).isEqualTo(3);
    assertThat(calibration.get("evaluationVariance").doubleValue()).isCloseTo(6.005, within(1e-12));
  }

  @Test
  void shouldRefuseAPlotThatIsNoPng() throws IOException {
    release(Schedule.LEARNED_SCALAR, PROFILE);

    CommandRun run = CommandRun.of("inspect", file().toString(), "--plot", folder + "/plot.pdf");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("--plot", ".png", "plot.pdf");
  }

  @Test
  void shouldRefuseAPlotThatCannotBeWrittenBeforeTheWork() throws IOException {
    release(Schedule.LEARNED_SCALAR, PROFILE);
    // A file in place of the directory, because permissions do not hold for root.
    Path taken = Files.createFile(folder.resolve("taken"));

    CommandRun run = CommandRun.of("inspect", file().toString(), "--plot", taken + "/plot.png");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.out()).isEmpty();
    assertThat(run.errLines()).hasSize(1);
    assertThat(run.err()).contains(taken.toString(), "--plot");
  }
}
