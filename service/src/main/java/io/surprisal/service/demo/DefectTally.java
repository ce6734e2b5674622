package io.surprisal.service.demo;

import io.surprisal.model.camera.CameraFrame;
import io.surprisal.model.camera.Defect;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.BetaBinomial;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.PictureBox;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.service.cli.Table;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Counts against the truth, where the camera has drawn the defects itself. */
final class DefectTally implements DemoTally {
  private static final double CONFIDENCE = 0.99;

  private final AlertRule rule;
  private final String release;
  private final boolean local;
  private final Map<Defect.Contrast, Fate> fates = new EnumMap<>(Defect.Contrast.class);
  private final Map<String, int[]> phases = new LinkedHashMap<>();
  private int falseAlerts;
  private int normalImages;

  /** What became of the defects of one contrast. */
  private static final class Fate {
    private int caught;
    private int missed;
    private int located;
  }

  /**
   * @param rule of the release that serves first
   * @param release its id
   */
  DefectTally(AlertRule rule, String release) {
    this.rule = rule;
    this.release = release;
    local = rule.localThreshold().isPresent();
    for (Defect.Contrast contrast : Defect.Contrast.values()) {
      fates.put(contrast, new Fate());
    }
  }

  /** Images of one kind, under one release. */
  private record Phase(int images, int alerts) {}

  /** What is known where the rule alerts. */
  private record Truth(
      int normalImages,
      int falseAlerts,
      int falseAlertsAtLeast,
      int falseAlertsAtMost,
      boolean withinInterval,
      Map<String, Caught> defectsByContrast) {}

  /**
   * Defects of one contrast.
   *
   * @param located how many of the caught ones the strongest box of their alert touches; empty
   *     where the release knows nothing of parts of an image
   */
  private record Caught(int defects, int caught, int missed, Optional<Integer> located) {}

  @Override
  public void scored(ImageScore score, DemoCamera.Shot shot) {
    boolean alert = score.getVerdict() == ScoreVerdict.ALERT;
    Optional<Defect> defect = defect(shot);
    String phase =
        "%s, %s, release %s"
            .formatted(
                shot.shifted() ? "rougher surfaces" : "usual surfaces",
                defect.isPresent() ? "with a defect" : "normal",
                score.getReleaseId().substring(0, 12));
    int[] counts = phases.computeIfAbsent(phase, p -> new int[2]);
    counts[0] += alert ? 1 : 0;
    counts[1]++;
    if (!asAtFirst(score.getReleaseId(), shot)) {
      return; // the rule at hand is not the one that judged it
    }
    if (defect.isPresent()) {
      Fate fate = fate(defect.get());
      fate.caught += alert ? 1 : 0;
      fate.missed += alert ? 0 : 1;
    } else {
      normalImages++;
      falseAlerts += alert ? 1 : 0;
    }
  }

  @Override
  public void alerted(AnomalyAlert alert, DemoCamera.Shot shot) {
    if (asAtFirst(alert.getReleaseId(), shot) && isLocated(alert, shot)) {
      fate(defect(shot).orElseThrow()).located++;
    }
  }

  private boolean asAtFirst(String releaseId, DemoCamera.Shot shot) {
    return !shot.shifted() && releaseId.equals(release);
  }

  private Fate fate(Defect defect) {
    return Objects.requireNonNull(fates.get(defect.contrast()));
  }

  private static Optional<Defect> defect(DemoCamera.Shot shot) {
    return shot.frame().flatMap(CameraFrame::defect);
  }

  /** Whether the alert's strongest box lies on the defect. */
  private static boolean isLocated(AnomalyAlert alert, DemoCamera.Shot shot) {
    if (alert.getBoxes().isEmpty()) {
      return false;
    }
    PictureBox box = alert.getBoxes().get(0);
    return shot.frame()
        .filter(
            frame ->
                frame.isDefectWithin(box.getTop(), box.getLeft(), box.getHeight(), box.getWidth()))
        .isPresent();
  }

  @Override
  public String remark(AnomalyAlert alert, DemoCamera.Shot shot) {
    Optional<Defect> defect = defect(shot);
    if (defect.isEmpty()) {
      return "no defect drawn";
    }
    String drawn = name(defect.get().contrast()) + " " + name(defect.get().kind());
    if (alert.getBoxes().isEmpty()) {
      return drawn;
    }
    return drawn + (isLocated(alert, shot) ? ", in the box" : ", outside the box");
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  @Override
  public void addTo(Map<String, Object> summary) {
    Map<String, Phase> all = new LinkedHashMap<>();
    phases.forEach((name, counts) -> all.put(name, new Phase(counts[1], counts[0])));
    summary.put("phases", all);
    summary.put("truth", truth());
  }

  /** Empty where the rule never alerts. */
  private Optional<Truth> truth() {
    if (rule.silence().isPresent()) {
      return Optional.empty();
    }
    BetaBinomial expected = rule.falseAlerts(normalImages);
    int least = expected.quantile((1 - CONFIDENCE) / 2);
    int most = expected.quantile((1 + CONFIDENCE) / 2);
    Map<String, Caught> byContrast = new LinkedHashMap<>();
    fates.forEach(
        (contrast, fate) ->
            byContrast.put(
                name(contrast),
                new Caught(
                    fate.caught + fate.missed,
                    fate.caught,
                    fate.missed,
                    local ? Optional.of(fate.located) : Optional.empty())));
    return Optional.of(
        new Truth(
            normalImages,
            falseAlerts,
            least,
            most,
            falseAlerts >= least && falseAlerts <= most,
            byContrast));
  }

  @Override
  public void addTo(Table summary) {
    if (phases.size() > 2) {
      phases.forEach(
          (name, counts) ->
              summary.row(
                  name,
                  "%d of %d images alert (%.1f %%)"
                      .formatted(counts[0], counts[1], 100.0 * counts[0] / counts[1])));
    }
    truth().ifPresent(known -> addTo(summary, known));
  }

  private static void addTo(Table summary, Truth known) {
    known
        .defectsByContrast()
        .forEach(
            (contrast, c) ->
                summary.row(
                    contrast + " defects",
                    "%d drawn, %d caught, %d missed".formatted(c.defects(), c.caught(), c.missed())
                        + c.located()
                            .map(
                                located ->
                                    "; %d of the %d caught located: the strongest box lies on it"
                                        .formatted(located, c.caught()))
                            .orElse("")));
    summary.row(
        "false alerts",
        "%d on %d normal images; 99 %% of runs have %d to %d%s"
            .formatted(
                known.falseAlerts(),
                known.normalImages(),
                known.falseAlertsAtLeast(),
                known.falseAlertsAtMost(),
                known.withinInterval() ? "" : ", this one does not"));
  }
}
