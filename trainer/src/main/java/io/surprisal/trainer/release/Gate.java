package io.surprisal.trainer.release;

import io.surprisal.model.calibration.Calibrator;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.detection.CountDistribution;
import io.surprisal.model.detection.Verdict;
import io.surprisal.model.evaluation.Separation;
import io.surprisal.model.images.Damage;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.BoundEstimator;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.NoisePlan;
import io.surprisal.model.scoring.Stages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Decides whether a candidate may serve, on held-out images. It is refused
 *
 * <ul>
 *   <li>where any score is not finite
 *   <li>where the one-sided 99 % lower bound of its increase in bits/dim over the active release,
 *       on the same images and the same noise, exceeds the tolerance: an equal candidate is refused
 *       in at most 1 % of draws; and where the same of its increase over the best release so far
 *       does, so that many releases in a row do not each lose a little
 *   <li>where, calibrated on one half of the images, it alerts on the other half more or less often
 *       than all but one in a thousand calibrations do
 *   <li>where it tells damaged images (noise, inversion, a blank square) from whole ones clearly
 *       worse than the active release does, or, with none active, no better than chance
 * </ul>
 */
public final class Gate {
  private static final double Z99 = 2.3263478740408408;
  private static final double ALERTS_CONFIDENCE = 0.9995;
  private static final int DAMAGED_IMAGES = 64;

  /** Loss of AUROC that two noisy estimates on {@link #DAMAGED_IMAGES} images may show. */
  private static final double AUROC_TOLERANCE = 0.1;

  private static final double CHANCE = 0.5;

  private final GateSettings settings;
  private final Execution execution;
  private final long seed;
  private final BooleanSupplier stop;

  /**
   * @param execution where, and how precisely
   * @param seed of noise and damage
   * @param stop asked between batches; once true, the judgement is worth nothing
   */
  public Gate(GateSettings settings, Execution execution, long seed, BooleanSupplier stop) {
    this.settings = settings;
    this.execution = execution;
    this.seed = seed;
    this.stop = stop;
  }

  /**
   * How many images are scored for the judgement of a candidate and the calibration that follows,
   * about: what single images cost more, and the fit of control variates, is left out.
   *
   * @param heldOut held-out images
   * @param active whether there is a release that serves
   * @param best whether another one was better
   */
  public static long scorings(int heldOut, boolean active, boolean best) {
    int releases = 1 + (active ? 1 : 0);
    long damaged = (1L + Damage.values().length) * Math.min(DAMAGED_IMAGES, heldOut) * releases;
    return (long) heldOut * (releases + (best ? 1 : 0))
        + Calibrator.scorings(heldOut / 2)
        + heldOut / 2
        + damaged
        + Calibrator.scorings(heldOut);
  }

  /**
   * Judges a candidate.
   *
   * @param best of the releases that have served; empty where that is the active one
   * @param heldOut images that trained none of these releases
   */
  public GateReport judge(
      Release candidate, Optional<Release> active, Optional<Release> best, HeldOutImages heldOut)
      throws IOException {
    List<String> reasons = new ArrayList<>();
    double[] scores = scores(candidate, heldOut);
    double mean = Arrays.stream(scores).average().orElse(Double.NaN);
    if (!Double.isFinite(mean)) {
      reasons.add("a held-out image has no finite score");
      return new GateReport(
          reasons, mean, OptionalDouble.empty(), OptionalDouble.empty(), scores.length);
    }
    OptionalDouble activeMean = OptionalDouble.empty();
    OptionalDouble lowerBound = OptionalDouble.empty();
    if (active.isPresent()) {
      double[] before = scores(active.get(), heldOut);
      activeMean = Arrays.stream(before).average();
      lowerBound = OptionalDouble.of(increaseLowerBound(scores, before));
      if (lowerBound.getAsDouble() > settings.tolerance()) {
        reasons.add(
            String.format(
                Locale.ROOT,
                "held-out bits/dim rise by at least %.4f (99 %% bound), allowed are %s",
                lowerBound.getAsDouble(),
                settings.tolerance()));
      }
    }
    if (best.isPresent()) {
      double rise = increaseLowerBound(scores, scores(best.get(), heldOut));
      if (rise > settings.tolerance()) {
        reasons.add(
            String.format(
                Locale.ROOT,
                "held-out bits/dim are at least %.4f (99 %% bound) above those of the best release so far, %s; allowed are %s",
                rise,
                best.get().id(),
                settings.tolerance()));
      }
    }
    alertRateReason(candidate, heldOut).ifPresent(reasons::add);
    damageReason(candidate, active, heldOut).ifPresent(reasons::add);
    return new GateReport(reasons, mean, activeMean, lowerBound, scores.length);
  }

  /** At the same levels and noise for every release, which its control variate would move. */
  private ImageScorer scorer(Release release) {
    return new ImageScorer(
        release,
        execution,
        BoundEstimator.plain(Stages.single(settings.evaluations()), NoisePlan.fresh(seed)));
  }

  private double[] scores(Release release, HeldOutImages images) {
    try (ImageScorer scorer = scorer(release)) {
      return images.bitsPerDim(scorer, stop);
    }
  }

  /** Of the mean of paired differences. */
  static double increaseLowerBound(double[] candidate, double[] active) {
    int n = candidate.length;
    double mean = IntStream.range(0, n).mapToDouble(i -> candidate[i] - active[i]).sum() / n;
    double squares =
        IntStream.range(0, n).mapToDouble(i -> Math.pow(candidate[i] - active[i] - mean, 2)).sum();
    return lowerBound(n, mean, Math.sqrt(squares / (n - 1) / n));
  }

  /**
   * One-sided 99 % lower bound of a mean of n: mean − t · standard error, t of Student's
   * distribution.
   */
  static double lowerBound(long n, double mean, double standardError) {
    // The first term of the expansion of Student's quantile (Abramowitz & Stegun 26.7.5).
    double t = Z99 + (Math.pow(Z99, 3) + Z99) / (4 * (n - 1));
    return mean - t * standardError;
  }

  private Optional<String> alertRateReason(Release candidate, HeldOutImages heldOut)
      throws IOException {
    HeldOutImages calibrating = everySecond(heldOut, 0);
    HeldOutImages checking = everySecond(heldOut, 1);
    int evaluations = settings.evaluations();
    Optional<Calibration> calibration =
        calibrating.calibration(candidate, evaluations, execution, stop);
    if (calibration.isEmpty()) {
      return Optional.of("it was stopped");
    }
    double rate = Math.max(settings.alertRate(), 2.0 / calibration.get().images());
    Path file = Files.createTempFile("surprisal-gate", ".safetensors");
    try {
      Release calibrated = candidate.recalibrated(file, calibration.get());
      AlertRules rules =
          AlertRules.of(calibrated, evaluations, execution.precision().toString(), rate);
      if (rules.silence().isPresent()) {
        return rules.silence();
      }
      long alerts =
          checking.verdicts(calibrated, rules, evaluations, execution, stop).stream()
              .filter(Verdict::alert)
              .count();
      CountDistribution expected = rules.falseAlerts(checking.sources());
      int least = expected.quantile(1 - ALERTS_CONFIDENCE);
      int most = expected.quantile(ALERTS_CONFIDENCE);
      return alerts >= least && alerts <= most
          ? Optional.empty()
          : Optional.of(
              "%d of %d held-out images alert after recalibration at a rate of %s, expected are %d to %d"
                  .formatted(alerts, checking.size(), rate, least, most));
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static HeldOutImages everySecond(HeldOutImages images, int first) {
    return images.subset(IntStream.range(0, images.size()).filter(i -> i % 2 == first).toArray());
  }

  private Optional<String> damageReason(
      Release candidate, Optional<Release> active, HeldOutImages heldOut) {
    double found = auroc(candidate, heldOut);
    double needed = active.map(release -> auroc(release, heldOut) - AUROC_TOLERANCE).orElse(CHANCE);
    return found >= needed
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "damaged images are told from whole ones with an AUROC of %.3f, needed are %.3f",
                found,
                needed));
  }

  /** Of bits/dim, damaged against whole, mean over the kinds of damage. */
  private double auroc(Release release, HeldOutImages heldOut) {
    List<PixelImage> whole = heldOut.seen(DAMAGED_IMAGES);
    try (ImageScorer scorer = scorer(release)) {
      double[] normal = bitsPerDim(scorer, whole);
      List<Damage> kinds = List.of(Damage.values());
      return IntStream.range(0, kinds.size())
          .mapToDouble(
              kind -> {
                Random random = new Random(seed + kind);
                List<PixelImage> damaged =
                    whole.stream().map(image -> kinds.get(kind).apply(image, random)).toList();
                return Separation.auroc(normal, bitsPerDim(scorer, damaged));
              })
          .average()
          .orElseThrow();
    }
  }

  private static double[] bitsPerDim(ImageScorer scorer, List<PixelImage> images) {
    return scorer.score(images).stream().mapToDouble(ImageLikelihood::bitsPerDim).toArray();
  }
}
