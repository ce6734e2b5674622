package io.surprisal.model.scoring;

import io.surprisal.model.diffusion.DiffusionTime;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.diffusion.TimeDensity;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.ControlVariate;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.NormalGaussian;
import io.surprisal.model.release.Release;
import io.surprisal.model.release.Typicality;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How the bound of an image is estimated from K evaluations of a network: their stages, the noise
 * and times they are made with, whether time is continuous, what is subtracted from each of them to
 * make them vary less, and what is known about their mean. Each is a choice of its own.
 *
 * <p>Immutable; says nothing about where the network runs.
 */
public final class BoundEstimator {
  private final Stages stages;
  private final NoisePlan noise;
  private final DiffusionTime time;
  private final Optional<ControlVariate> control;
  private final Optional<LocalControl> local;

  /** What is seen beside the network. */
  private final Optional<NormalGaussian> gaussian;

  /** What is normal of pictures whose tiles are looked at twice. */
  private final Optional<LocalNormal> looks;

  /** By number of evaluations; none for a number that was not calibrated. */
  private final Map<Integer, Adjustment> adjustments;

  private BoundEstimator(
      Stages stages,
      NoisePlan noise,
      DiffusionTime time,
      Optional<ControlVariate> control,
      Optional<LocalControl> local,
      Optional<NormalGaussian> gaussian,
      Optional<LocalNormal> looks,
      Map<Integer, Adjustment> adjustments) {
    this.stages = stages;
    this.noise = noise;
    this.time = time;
    this.control = control;
    this.local = local;
    this.gaussian = gaussian;
    this.looks = looks;
    this.adjustments = adjustments;
  }

  /** The plain mean of the evaluations, in continuous time. */
  public static BoundEstimator plain(Stages stages, NoisePlan noise) {
    return new BoundEstimator(
        stages,
        noise,
        DiffusionTime.CONTINUOUS,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Map.of());
  }

  /**
   * What the stream and {@code evaluate} do: scores that can be replayed.
   *
   * <p>Where the release was calibrated for K, all images are evaluated at the release's noise
   * levels and the measured bias of those is subtracted; for any other K the levels are keyed by
   * the image's pixels, which has no bias. The release's control variate is subtracted from each
   * evaluation.
   *
   * <p>Where the release looks at pictures' tiles twice, and K is what it was calibrated for, these
   * looks are the stages.
   *
   * @param stages after each of which an image may stop
   * @throws IllegalArgumentException if there are several stages and the release was not calibrated
   *     for each of them: their biases would not be known
   */
  public static BoundEstimator served(Release release, Stages stages) {
    return served(release, release.calibration(), stages);
  }

  /** As {@link #served(Release, Stages)}, with a calibration that the release is about to get. */
  public static BoundEstimator served(
      Release release, Optional<Calibration> calibration, Stages asked) {
    Optional<LocalNormal> looks =
        calibration
            .filter(c -> asked.equals(Stages.single(c.evaluations())))
            .flatMap(Calibration::local)
            .filter(normal -> normal.firstLook().isPresent());
    Stages stages =
        looks
            .flatMap(LocalNormal::firstLook)
            .map(look -> new Stages(List.of(look.evaluations(), asked.evaluations())))
            .orElse(asked);
    Map<Integer, Adjustment> adjustments = adjustments(calibration, Adjustment::atFixedLevels);
    requireCalibrated(release, stages, adjustments);
    NoisePlan keyed = NoisePlan.keyedByPixels();
    return new BoundEstimator(
        stages,
        adjustments.containsKey(stages.evaluations())
            ? keyed.atOffset(release.levelOffset())
            : keyed,
        DiffusionTime.CONTINUOUS,
        calibration.flatMap(Calibration::control),
        calibration.flatMap(Calibration::local).map(LocalNormal::control),
        gaussian(calibration),
        looks,
        adjustments);
  }

  /**
   * Noise and times drawn afresh by seed and image index; unbiased at any K, with the release's
   * control variate.
   */
  public static BoundEstimator fresh(Release release, int evaluations, long seed) {
    return new BoundEstimator(
        Stages.single(evaluations),
        NoisePlan.fresh(seed),
        DiffusionTime.CONTINUOUS,
        release.calibration().flatMap(Calibration::control),
        release.calibration().flatMap(Calibration::local).map(LocalNormal::control),
        gaussian(release.calibration()),
        Optional.empty(),
        adjustments(release.calibration(), Adjustment::atRandomLevels));
  }

  private static Optional<NormalGaussian> gaussian(Optional<Calibration> calibration) {
    return calibration.flatMap(Calibration::typicality).flatMap(Typicality::gaussian);
  }

  private static Map<Integer, Adjustment> adjustments(
      Optional<Calibration> calibration, Function<Calibration.Correction, Adjustment> of) {
    List<Calibration.Correction> measured =
        calibration.map(Calibration::corrections).orElse(List.of());
    Map<Integer, Adjustment> adjustments = new HashMap<>();
    measured.forEach(c -> adjustments.putIfAbsent(c.evaluations(), of.apply(c)));
    return Map.copyOf(adjustments);
  }

  private static void requireCalibrated(
      Release release, Stages stages, Map<Integer, Adjustment> adjustments) {
    for (int end : stages.ends()) {
      if (stages.ends().size() > 1 && !adjustments.containsKey(end)) {
        throw new IllegalArgumentException(
            "release "
                + release.id()
                + " is not calibrated for a stage of "
                + end
                + " evaluations; run surprisal calibrate --evaluations "
                + stages.ends().stream().map(String::valueOf).collect(Collectors.joining(",")));
      }
    }
  }

  /** With a control variate subtracted from each evaluation, in place of any other. */
  public BoundEstimator controlledBy(ControlVariate variate) {
    return new BoundEstimator(
        stages, noise, time, Optional.of(variate), local, gaussian, looks, adjustments);
  }

  /** With evidence of each pixel, controlled so. */
  public BoundEstimator withLocal(LocalControl localControl) {
    return new BoundEstimator(
        stages, noise, time, control, Optional.of(localControl), gaussian, looks, adjustments);
  }

  /** With what a Gaussian makes of each image. */
  public BoundEstimator withGaussian(NormalGaussian normal) {
    return new BoundEstimator(
        stages, noise, time, control, local, Optional.of(normal), looks, adjustments);
  }

  /**
   * With pictures whose tiles are looked at twice: after the first stage, and after the last.
   *
   * @param normal that says so
   * @throws IllegalArgumentException if the stages are not these looks
   */
  public BoundEstimator withLooks(LocalNormal normal) {
    int first = normal.firstLook().orElseThrow().evaluations();
    if (stages.ends().size() != 2 || stages.ends().get(0) != first) {
      throw new IllegalArgumentException(
          "stages of " + stages + " evaluations, a first look of " + first);
    }
    return new BoundEstimator(
        stages,
        noise,
        time,
        control,
        Optional.of(normal.control()),
        gaussian,
        Optional.of(normal),
        adjustments);
  }

  /**
   * Of the bound with T discrete steps, of which the K evaluations are a stratified sample, or with
   * K = T the full sum.
   *
   * @throws IllegalArgumentException if K exceeds T
   */
  public BoundEstimator inTimesteps(int timesteps) {
    DiffusionTime discrete = new DiffusionTime(timesteps);
    if (!discrete.continuous() && stages.evaluations() > timesteps) {
      throw new IllegalArgumentException(
          stages.evaluations()
              + " evaluations of "
              + timesteps
              + " timesteps; take as many or fewer");
    }
    return new BoundEstimator(
        stages, noise, discrete, control, local, gaussian, Optional.empty(), adjustments);
  }

  Stages stages() {
    return stages;
  }

  NoisePlan noise() {
    return noise;
  }

  Optional<ControlVariate> control() {
    return control;
  }

  Optional<LocalControl> local() {
    return local;
  }

  Optional<NormalGaussian> gaussian() {
    return gaussian;
  }

  Optional<LocalNormal> looks() {
    return looks;
  }

  /** What is known about the mean of so many evaluations. */
  Adjustment adjustment(int evaluations) {
    return adjustments.getOrDefault(evaluations, Adjustment.NONE);
  }

  /** Of all K evaluations, whose times have the offset u. */
  Levels levels(NoiseSchedule schedule, double offset) {
    TimeDensity density = control.map(ControlVariate::density).orElse(TimeDensity.UNIFORM);
    return Levels.of(time, density, schedule, stages.evaluations(), offset);
  }
}
