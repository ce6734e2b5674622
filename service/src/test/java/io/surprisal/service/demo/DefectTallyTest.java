package io.surprisal.service.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.camera.CameraFrame;
import io.surprisal.model.camera.Defect;
import io.surprisal.model.camera.Surface;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.TrainingRecord;
import io.surprisal.schemas.PictureBox;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.Table;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DefectTallyTest {
  private static final String RELEASE = "a".repeat(64);
  private static final String NEXT = "b".repeat(64);
  private static final int SIDE = 16;

  @TempDir private Path folder;

  private AlertRule rule(Optional<LocalNormal> local) throws IOException {
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
    float[] scores = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    Release release =
        Release.write(
            folder.resolve("r"),
            configuration,
            InitialParameters.draw(configuration, 1),
            Optional.of(
                new Calibration(
                    8,
                    "float32",
                    scores,
                    List.of(),
                    LossProfile.UNMEASURED,
                    Optional.empty(),
                    Optional.empty(),
                    new float[0],
                    local,
                    local.isPresent() ? scores : new float[0])),
            new TrainingRecord(0, 0, 0, 1, "", 0, 0, Map.of(), Double.NaN, false, List.of()));
    return AlertRule.of(release, 8, "float32", 0.2);
  }

  private AlertRule local() throws IOException {
    return rule(
        Optional.of(
            new LocalNormal(LocalControl.NONE, List.of(1), 1, 1, List.of(0f), List.of(1f))));
  }

  /** The defect is one pixel in row 4, column 10. */
  private static DemoCamera.Shot shot(Optional<Defect.Contrast> contrast, boolean shifted) {
    BitSet mask = new BitSet();
    mask.set(4 * SIDE + 10);
    return new DemoCamera.Shot(
        "frame",
        "grain",
        Optional.of(
            new CameraFrame(
                0,
                Surface.GRAIN,
                new PixelImage(1, SIDE, SIDE, new byte[SIDE * SIDE]),
                contrast.map(of -> new Defect(Defect.Kind.DENT, of, mask)))),
        shifted,
        0);
  }

  private static DemoCamera.Shot shot(Defect.Contrast contrast) {
    return shot(Optional.of(contrast), false);
  }

  private static void alert(
      DefectTally tally, DemoCamera.Shot shot, String release, PictureBox... boxes) {
    tally.scored(Verdicts.score(shot, release, ScoreVerdict.ALERT), shot);
    tally.alerted(Verdicts.alert(shot, release, boxes), shot);
  }

  private static JsonNode json(DemoTally tally) throws IOException {
    Map<String, Object> summary = new LinkedHashMap<>();
    tally.addTo(summary);
    return Json.MAPPER.readTree(Json.line(summary));
  }

  private static String table(DemoTally tally) {
    Table table = new Table("Summary", "");
    tally.addTo(table);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    table.print(new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void shouldCountADefectAsLocatedWhereTheStrongestBoxLiesOnIt() throws IOException {
    DefectTally tally = new DefectTally(local(), RELEASE);
    PictureBox on = Verdicts.box(8, 2, 5, 5);
    PictureBox beside = Verdicts.box(0, 2, 5, 5);
    alert(tally, shot(Defect.Contrast.SUBTLE), RELEASE, on, beside);
    alert(tally, shot(Defect.Contrast.SUBTLE), RELEASE, beside, on);
    alert(tally, shot(Defect.Contrast.SUBTLE), RELEASE);
    DemoCamera.Shot missed = shot(Defect.Contrast.SUBTLE);
    tally.scored(Verdicts.score(missed, RELEASE, ScoreVerdict.NORMAL), missed);

    JsonNode subtle = json(tally).path("truth").path("defectsByContrast").path("subtle");
    assertThat(subtle.path("defects").asInt()).isEqualTo(4);
    assertThat(subtle.path("caught").asInt()).isEqualTo(3);
    assertThat(subtle.path("missed").asInt()).isEqualTo(1);
    assertThat(subtle.path("located").asInt(-1)).isEqualTo(1);
    assertThat(table(tally)).contains("4 drawn, 3 caught, 1 missed; 1 of the 3 caught located");
    assertThat(tally.remark(Verdicts.alert(missed, RELEASE, on), missed))
        .isEqualTo("subtle dent, in the box");
    assertThat(tally.remark(Verdicts.alert(missed, RELEASE, beside), missed))
        .isEqualTo("subtle dent, outside the box");
    assertThat(tally.remark(Verdicts.alert(missed, RELEASE), missed)).isEqualTo("subtle dent");
  }

  @Test
  void shouldSayNothingOfPlacesWhereTheReleaseKnowsNone() throws IOException {
    DefectTally tally = new DefectTally(rule(Optional.empty()), RELEASE);
    alert(tally, shot(Defect.Contrast.CLEAR), RELEASE);

    assertThat(json(tally).path("truth").path("defectsByContrast").path("clear").path("located"))
        .isEqualTo(Json.MAPPER.nullNode());
    assertThat(table(tally)).contains("1 drawn, 1 caught, 0 missed").doesNotContain("located");
  }

  @Test
  void shouldCountAgainstTheRuleOnlyWhatItHasJudged() throws IOException {
    DefectTally tally = new DefectTally(local(), RELEASE);
    DemoCamera.Shot normal = shot(Optional.empty(), false);
    tally.scored(Verdicts.score(normal, RELEASE, ScoreVerdict.NORMAL), normal);
    alert(tally, normal, RELEASE);
    alert(tally, shot(Optional.of(Defect.Contrast.CLEAR), true), RELEASE, Verdicts.box(8, 2, 5, 5));
    alert(tally, shot(Defect.Contrast.CLEAR), NEXT, Verdicts.box(8, 2, 5, 5));

    JsonNode truth = json(tally).path("truth");
    assertThat(truth.path("normalImages").asInt()).isEqualTo(2);
    assertThat(truth.path("falseAlerts").asInt()).isEqualTo(1);
    JsonNode clear = truth.path("defectsByContrast").path("clear");
    assertThat(clear.path("defects").asInt()).isZero();
    assertThat(clear.path("located").asInt(-1)).isZero();
    assertThat(json(tally).path("phases")).hasSize(3);
    assertThat(table(tally)).contains("rougher surfaces, with a defect, release aaaaaaaaaaaa");
    assertThat(tally.remark(Verdicts.alert(normal, RELEASE), normal)).isEqualTo("no defect drawn");
  }
}
