package io.surprisal.service.options;

import ai.djl.Device;
import io.surprisal.model.diffusion.PrecisionMeasurement;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.service.cli.MissingDependencyException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code --device} and {@code --precision}, wherever a network scores. */
public final class ExecutionOption extends DeviceOption {
  private static final Logger LOG = LoggerFactory.getLogger(ExecutionOption.class);
  private static final String AUTO = "auto";

  @Option(
      names = "--precision",
      defaultValue = AUTO,
      paramLabel = "NAME",
      description =
          "Of inference: float32, bfloat16, or auto: fit and calibrate measure which is faster here"
              + " and record it, all else follows the record, float32 without one (default: ${DEFAULT-VALUE}).")
  private String precision;

  /** Where and how precisely to run a release: as it is calibrated, unless told otherwise. */
  public Execution forRelease(Release release) {
    return forRelease(release, List.of(device()));
  }

  /** Where and how precisely to score with a release: on all devices that the user named. */
  public Execution forScoring(Release release) {
    return forRelease(release, devices());
  }

  /** How precisely to run a release on devices that were selected before. */
  public Execution forRelease(Release release, List<Device> where) {
    return new Execution(
        where,
        named()
            .or(() -> release.calibration().map(calibration -> recorded(calibration.precision())))
            .orElse(Precision.FLOAT32),
        TorchRuntime.workers(where));
  }

  /** Where and how precisely to run what is calibrated anew: the faster on this machine. */
  public Execution forModel(ModelConfiguration model) {
    Device where = device();
    return new Execution(
        where, named().orElseGet(() -> measured(model, where)), TorchRuntime.workers(where));
  }

  private static Precision measured(ModelConfiguration model, Device where) {
    LOG.info("measuring which precision is faster here; --precision NAME spares it");
    PrecisionMeasurement measurement = PrecisionMeasurement.of(model, where);
    LOG.info(
        "precision {}: {} ms an image in float32, {} in bfloat16",
        measurement.choice(),
        String.format(Locale.ROOT, "%.2f", measurement.float32Millis()),
        String.format(Locale.ROOT, "%.2f", measurement.bfloat16Millis()));
    return measurement.choice();
  }

  private Optional<Precision> named() {
    if (precision.equals(AUTO)) {
      return Optional.empty();
    }
    return Optional.of(
        parse(precision)
            .orElseThrow(
                () ->
                    new ParameterException(
                        commandLine(),
                        "precision '"
                            + precision
                            + "' is not known; use auto, float32 or bfloat16")));
  }

  private static Precision recorded(String name) {
    return parse(name)
        .orElseThrow(
            () ->
                new MissingDependencyException(
                    "the release is calibrated in '"
                        + name
                        + "', which this version does not know; run surprisal calibrate"));
  }

  private static Optional<Precision> parse(String name) {
    return Precision.OF_SCORES.stream().filter(p -> p.toString().equals(name)).findFirst();
  }
}
