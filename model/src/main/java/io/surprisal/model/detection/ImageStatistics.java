package io.surprisal.model.detection;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The statistics that a release has of an image, whatever rate it alerts at. The combined one is
 * max<sub>j</sub> −ln p<sub>j</sub> over the p-values p<sub>j</sub> among the calibration images
 * that {@link AlertRule} tests; where an image lies beyond all of those, p goes on falling instead
 * of staying what it is, see {@link Survival}, so that few calibration images do not make most
 * anomalies equal.
 */
public final class ImageStatistics {
  private final Optional<Calibration> calibration;
  private final Map<Statistic, Survival> survivals = new EnumMap<>(Statistic.class);
  private final Map<Statistic, String> absent = new EnumMap<>(Statistic.class);

  private ImageStatistics(Optional<Calibration> calibration) {
    this.calibration = calibration;
    if (calibration.isEmpty()) {
      for (Statistic statistic : Statistic.values()) {
        if (statistic != Statistic.BITS_PER_DIM) {
          absent.put(
              statistic,
              "the release is not calibrated: surprisal calibrate gives it a calibration");
        }
      }
      return;
    }
    Calibration c = calibration.get();
    survivals.put(Statistic.BITS_PER_DIM, Survival.of(c.bitsPerDim()));
    if (c.typicality().isPresent()) {
      survivals.put(Statistic.TYPICALITY, Survival.of(c.untypicality()));
    } else {
      absent.put(
          Statistic.TYPICALITY,
          "the release's calibration does not know what is typical: it was of pictures seen by tiles, of too few images or of evaluations in stages");
    }
    if (c.local().isPresent()) {
      survivals.put(Statistic.LOCAL, Survival.of(c.locality()));
    } else {
      absent.put(
          Statistic.LOCAL, "the release's calibration does not know what local evidence is normal");
    }
  }

  /** Of a release with a calibration, or without. */
  public static ImageStatistics of(Optional<Calibration> calibration) {
    return new ImageStatistics(calibration);
  }

  /** What it does not have, and why not. */
  public Map<Statistic, String> absent() {
    return Map.copyOf(absent);
  }

  /** Where an image is more surprising than normal ones; empty where the release does not know. */
  public Optional<LocalEvidence> localEvidence(ImageLikelihood image) {
    return calibration
        .flatMap(Calibration::local)
        .flatMap(local -> image.evidence().map(evidence -> new LocalEvidence(evidence, local)));
  }

  /**
   * Of an image.
   *
   * @param image scored as the release was calibrated
   * @param evidence of the same image, see {@link #localEvidence}
   * @return of all statistics that are not {@link #absent}; −∞ for a part of an image that no
   *     window fits into
   */
  public Map<Statistic, Double> of(ImageLikelihood image, Optional<LocalEvidence> evidence) {
    Map<Statistic, Double> values = new EnumMap<>(Statistic.class);
    values.put(Statistic.BITS_PER_DIM, image.bitsPerDim());
    calibration
        .flatMap(Calibration::typicality)
        .ifPresent(
            typicality ->
                values.put(Statistic.TYPICALITY, TypicalityFit.untypicality(typicality, image)));
    if (survivals.containsKey(Statistic.LOCAL)) {
      values.put(
          Statistic.LOCAL, evidence.map(LocalEvidence::statistic).orElse(Double.NEGATIVE_INFINITY));
    }
    if (calibration.isPresent()) {
      values.put(
          Statistic.COMBINED,
          values.entrySet().stream()
              .mapToDouble(value -> survival(value.getKey()).surprise(value.getValue()))
              .max()
              .orElseThrow());
    }
    return values;
  }

  private Survival survival(Statistic of) {
    return Objects.requireNonNull(survivals.get(of));
  }
}
