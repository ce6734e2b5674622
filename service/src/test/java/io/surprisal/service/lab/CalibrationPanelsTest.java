package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.model.release.Typicality;
import io.surprisal.service.system.CommandRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
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

/** The lower row of {@code inspect --plot}: held-out scores by reason, and where alerts begin. */
class CalibrationPanelsTest {
  private static final float[] SCORES = {5, 9, 1, 2, 8, 3, 4, 7, 6};
  private static final float[] UNTYPICALITY = {50, 90, 10, 25, 80, 35, 45, 15, 60};
  private static final float[] LOCALITY = {11, 19, 18, 12, 13, 14, 15, 16, 17};

  @TempDir private Path folder;

  private Release release(Optional<Calibration> calibration) throws IOException {
    ModelConfiguration configuration =
        new ModelConfiguration(
            1,
            8,
            8,
            8,
            1,
            4,
            1e-5,
            List.of(),
            0,
            -13.3,
            5,
            ModelConfiguration.Schedule.LEARNED_SCALAR);
    return Release.write(
        folder.resolve("r.safetensors"),
        configuration,
        InitialParameters.draw(configuration, 1),
        calibration,
        new TrainingRecord(0, 0, 0, 1, "", 0, 0, Map.of(), Double.NaN, false, List.of()));
  }

  /** With all three reasons; at a rate of 0.4 four of the ten blocks alert. */
  private static Calibration all() {
    return new Calibration(
        1,
        "float32",
        SCORES,
        List.of(),
        LossProfile.UNMEASURED,
        Optional.empty(),
        Optional.of(
            new Typicality(
                List.of(0.0, 0.0, 0.0),
                List.of(List.of(1.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0)))),
        UNTYPICALITY,
        Optional.of(new LocalNormal(LocalControl.NONE, List.of(1), 1, 1, List.of(0f), List.of(1f))),
        LOCALITY);
  }

  private static double count(Panel panel) {
    Panel.Curve bars = panel.curves().get(0);
    double sum = 0;
    for (int i = 1; i < bars.y().length; i += 2) {
      sum += bars.y()[i];
    }
    return sum;
  }

  private static double line(Panel panel) {
    Panel.Curve threshold = panel.curves().get(1);
    assertThat(threshold.style()).isEqualTo(Panel.Style.REFERENCE);
    assertThat(threshold.x()[1]).isEqualTo(threshold.x()[0]);
    return threshold.x()[0];
  }

  @Test
  void shouldShowEveryReasonWithWhereItsAlertsBegin() throws IOException {
    List<Panel> panels = CalibrationPanels.of(release(Optional.of(all())), 0.4);

    assertThat(panels)
        .extracting(Panel::title)
        .containsExactly(
            "Bits/dim of 9 held-out images",
            "Untypicality of 9 held-out images",
            "Most surprising part of 9 held-out images");
    assertThat(panels).extracting(CalibrationPanelsTest::line).containsExactly(8.0, 60.0, 18.0);
    assertThat(panels).allSatisfy(panel -> assertThat(count(panel)).isEqualTo(9));
    assertThat(panels).noneMatch(Panel::logarithmic);
    assertThat(panels.get(0).curves().get(1).name())
        .isEqualTo("alerts above 8.000 at a rate of 0.40");
  }

  /** Nine images allow no rate below a tenth: one block, which is for parts of a picture. */
  @Test
  void shouldTakeTheSmallestRateThatTheCalibrationAllows() throws IOException {
    List<Panel> panels = CalibrationPanels.of(release(Optional.of(all())), 0.01);

    assertThat(panels.get(0).curves()).hasSize(1);
    assertThat(panels.get(0).title()).contains("no alerts for it at a rate of 0.10");
    assertThat(line(panels.get(2))).isEqualTo(19);
  }

  @Test
  void shouldShowScoresThatAreAllTheSame() throws IOException {
    Calibration same =
        new Calibration(8, "float32", new float[] {4, 4, 4}, List.of(), LossProfile.UNMEASURED);

    List<Panel> panels = CalibrationPanels.of(release(Optional.of(same)), 0.5);

    assertThat(panels).hasSize(1);
    assertThat(count(panels.get(0))).isEqualTo(3);
    assertThat(line(panels.get(0))).isEqualTo(4);
  }

  @Test
  void shouldSayThatAReleaseIsNotCalibrated() throws IOException {
    List<Panel> panels = CalibrationPanels.of(release(Optional.empty()), 0.01);

    assertThat(panels).hasSize(1);
    assertThat(panels.get(0).curves()).isEmpty();
    assertThat(panels.get(0).absence()).contains("not calibrated", "surprisal calibrate");
  }

  @Test
  void shouldDrawThemBelowTheOthers() throws IOException {
    release(Optional.of(all()));
    Path png = folder.resolve("plot.png");

    CommandRun run =
        CommandRun.of(
            "inspect",
            folder.resolve("r.safetensors").toString(),
            "--plot",
            png.toString(),
            "--alert-rate",
            "0.4");

    assertThat(run.exitCode()).as(run.err()).isZero();
    BufferedImage image = ImageIO.read(png.toFile());
    assertThat(image.getWidth()).isEqualTo(3 * Figure.WIDTH);
    assertThat(image.getHeight()).isEqualTo(2 * Figure.HEIGHT);
    for (int column = 0; column < 3; column++) {
      Set<Integer> colours = new HashSet<>();
      Arrays.stream(
              image.getRGB(
                  column * Figure.WIDTH,
                  Figure.HEIGHT,
                  Figure.WIDTH,
                  Figure.HEIGHT,
                  null,
                  0,
                  Figure.WIDTH))
          .forEach(colours::add);
      assertThat(colours).hasSizeGreaterThan(50).contains(0xFF_B3D4E8, 0xFF_444444);
    }
  }
}
