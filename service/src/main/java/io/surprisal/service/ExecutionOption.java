package io.surprisal.service;

import ai.djl.Device;
import io.surprisal.model.diffusion.PrecisionMeasurement;
import io.surprisal.model.network.DeviceUnavailableException;
import io.surprisal.model.network.Devices;
import io.surprisal.model.network.Execution;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.Precision;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --device} and {@code --precision}, wherever a network runs. */
final class ExecutionOption {
  private static final Logger LOG = LoggerFactory.getLogger(ExecutionOption.class);
  private static final String AUTO = "auto";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--device",
      defaultValue = AUTO,
      paramLabel = "NAME",
      description = "auto (a GPU where there is one), cpu, cuda or cuda:N. Default: auto.")
  private String device;

  @Option(
      names = "--precision",
      defaultValue = AUTO,
      paramLabel = "NAME",
      description =
          "Of inference: float32, bfloat16, or auto: as the release is calibrated, else what a"
              + " measurement at the start finds faster. Default: auto.")
  private String precision;

  /** Where and how precisely to serve a release: as it is calibrated, unless told otherwise. */
  Execution forRelease(Release release) {
    Device where = device();
    Optional<Precision> calibrated =
        release.calibration().map(Calibration::precision).map(ExecutionOption::parse);
    return new Execution(
        where,
        named().or(() -> calibrated).orElseGet(() -> measured(release.configuration(), where)));
  }

  /** Where and how precisely to serve what is calibrated anew. */
  Execution forModel(ModelConfiguration model) {
    Device where = device();
    return new Execution(where, named().orElseGet(() -> measured(model, where)));
  }

  private static Precision measured(ModelConfiguration model, Device where) {
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
    try {
      return Optional.of(parse(precision));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          command.commandLine(),
          "precision '" + precision + "' is not known; use auto, float32 or bfloat16",
          e);
    }
  }

  private static Precision parse(String name) {
    return Precision.valueOf(name.toUpperCase(Locale.ROOT));
  }

  /** The device, and a log line that says what auto took. */
  Device device() {
    try {
      Device selected = Devices.select(device);
      LOG.info("device {} (asked for {})", selected, device);
      return selected;
    } catch (DeviceUnavailableException e) {
      throw new MissingDependencyException(e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}
