package io.surprisal.topology.records;

import static io.surprisal.schemas.NullableFields.orNull;

import io.surprisal.model.decoding.Repair;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.CalibrationGroup;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageRepair;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.PictureBox;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.SurpriseMap;
import io.surprisal.topology.serving.ServedModel;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** From a likelihood to what the stream says of it: the score, and an alert where there is one. */
public final class ScoreRecords {

  /** Most rows and columns of the map of an alert. */
  private static final int MAP_SIDE = 32;

  private final ServedModel model;

  public ScoreRecords(ServedModel model) {
    this.model = model;
  }

  /** What becomes of an image that was scored. */
  public record Scored(ImageScore score, Optional<AnomalyAlert> alert) {}

  /**
   * Judges a likelihood.
   *
   * @param repairs of the image's file
   * @throws NotScoredException if it is not a finite number
   */
  public Scored judge(
      ImageIntake.Identity identity,
      Set<Repair> repairs,
      ImageLocation location,
      ImageLikelihood likelihood)
      throws NotScoredException {
    if (!Double.isFinite(likelihood.bitsPerDim())) {
      throw new NotScoredException(
          DeadLetterReason.NOT_FINITE,
          "Release %s gives %s bits/dim".formatted(model.releaseId(), likelihood.bitsPerDim()));
    }
    AlertRule rule = model.rules().of(identity.source());
    Optional<LocalEvidence> evidence = rule.localEvidence(likelihood);
    Verdict verdict = rule.judge(likelihood, evidence);
    ImageScore score = score(identity, repairs, location, likelihood, verdict);
    evidence.ifPresent(
        of -> {
          score.setLocalStatistic(of.statistic());
          score.setLocalPValue(orNull(verdict.pValue(Verdict.Reason.LOCAL)));
          score.setStrongest(box(of, of.strongest(), identity.size()));
        });
    return new Scored(
        score,
        verdict.alert()
            ? Optional.of(alert(score, verdict, rule, evidence, identity.size()))
            : Optional.empty());
  }

  private static PictureBox box(
      LocalEvidence evidence, LocalEvidence.Box box, PictureSize picture) {
    LocalEvidence.Box inPicture = evidence.inPicture(box, picture);
    return PictureBox.newBuilder()
        .setLeft(inPicture.left())
        .setTop(inPicture.top())
        .setWidth(inPicture.width())
        .setHeight(inPicture.height())
        .setSurprise(inPicture.surprise())
        .build();
  }

  private static SurpriseMap map(LocalEvidence evidence) {
    LocalEvidence.Thumbnail thumbnail = evidence.thumbnail(MAP_SIDE);
    return SurpriseMap.newBuilder()
        .setRows(thumbnail.rows())
        .setColumns(thumbnail.columns())
        .setScale(thumbnail.scale())
        .setValues(ByteBuffer.wrap(thumbnail.values()))
        .build();
  }

  private ImageScore score(
      ImageIntake.Identity identity,
      Set<Repair> repairs,
      ImageLocation location,
      ImageLikelihood likelihood,
      Verdict verdict) {
    return ImageScore.newBuilder()
        .setImageId(identity.name(location))
        .setSource(identity.source())
        .setEventTime(identity.eventTime())
        .setReleaseId(model.releaseId())
        .setPrecision(model.precision())
        .setBitsPerDim(likelihood.bitsPerDim())
        .setStandardError(likelihood.standardError())
        .setPrior(likelihood.prior())
        .setDiffusion(likelihood.diffusion())
        .setReconstruction(likelihood.reconstruction())
        .setNoiseLevels(list(likelihood.noiseLevels()))
        .setSquaredErrors(list(likelihood.squaredErrors()))
        .setEvaluations(likelihood.evaluations())
        .setVerdict(scoreVerdict(verdict))
        .setThreshold(orNull(verdict.threshold()))
        .setLowLikelihoodPValue(orNull(verdict.pValue(Verdict.Reason.LOW_LIKELIHOOD)))
        .setAtypicalPValue(orNull(verdict.pValue(Verdict.Reason.ATYPICAL)))
        .setLocation(location)
        .setRepairs(repairs.stream().map(repair -> ImageRepair.valueOf(repair.name())).toList())
        .setPValue(orNull(verdict.pValue()))
        .setCalibratedOn(group(identity.source()))
        .setCalibrationImages(calibrationImages(identity.source()))
        .build();
  }

  private AnomalyAlert alert(
      ImageScore score,
      Verdict verdict,
      AlertRule rule,
      Optional<LocalEvidence> evidence,
      PictureSize picture) {
    String alertId = AlertIds.of(score.getSource(), score.getImageId(), score.getReleaseId());
    return AnomalyAlert.newBuilder()
        .setAlertId(alertId)
        .setIncidentId(alertId) // each alert is an incident of its own
        .setReasons(
            verdict.reasons().stream().map(reason -> AlertReason.valueOf(reason.name())).toList())
        .setImageId(score.getImageId())
        .setSource(score.getSource())
        .setEventTime(score.getEventTime())
        .setReleaseId(score.getReleaseId())
        .setPrecision(score.getPrecision())
        .setBitsPerDim(score.getBitsPerDim())
        .setStandardError(score.getStandardError())
        .setEvaluations(score.getEvaluations())
        .setAlertRate(model.alertRate())
        .setThreshold(score.getThreshold())
        .setLowLikelihoodPValue(score.getLowLikelihoodPValue())
        .setAtypicalPValue(score.getAtypicalPValue())
        .setLocation(score.getLocation())
        .setLocalStatistic(score.getLocalStatistic())
        .setLocalPValue(score.getLocalPValue())
        .setBoxes(
            evidence.stream()
                .flatMap(of -> rule.boxes(of).stream().map(box -> box(of, box, picture)))
                .toList())
        .setMap(evidence.map(ScoreRecords::map).orElse(null))
        .setRepairs(score.getRepairs())
        .setPValue(score.getPValue())
        .setCalibratedOn(score.getCalibratedOn())
        .setCalibrationImages(score.getCalibrationImages())
        .build();
  }

  private @Nullable CalibrationGroup group(String source) {
    return model.rules().silence().isPresent()
        ? null
        : CalibrationGroup.valueOf(model.rules().group(source).name());
  }

  private @Nullable Integer calibrationImages(String source) {
    return model.rules().silence().isPresent() ? null : model.rules().of(source).images();
  }

  private ScoreVerdict scoreVerdict(Verdict verdict) {
    if (model.rules().silence().isPresent()) {
      return ScoreVerdict.UNCALIBRATED;
    }
    return verdict.alert() ? ScoreVerdict.ALERT : ScoreVerdict.NORMAL;
  }

  /** {@code topic-partition-offset}: the id of an image that has none, and its name in logs. */
  public static String name(ImageLocation location) {
    return location.getTopic() + "-" + location.getPartition() + "-" + location.getOffset();
  }

  private static List<Float> list(float[] values) {
    Float[] boxed = new Float[values.length];
    for (int i = 0; i < values.length; i++) {
      boxed[i] = values[i];
    }
    return List.of(boxed);
  }
}
