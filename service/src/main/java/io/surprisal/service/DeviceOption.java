package io.surprisal.service;

import ai.djl.Device;
import io.surprisal.model.network.DeviceUnavailableException;
import io.surprisal.model.network.Devices;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --device}, wherever a network runs. */
class DeviceOption {
  private static final Logger LOG = LoggerFactory.getLogger(DeviceOption.class);

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--device",
      defaultValue = "auto",
      paramLabel = "NAME",
      description = "auto (a GPU where there is one), cpu, cuda or cuda:N. Default: auto.")
  private String device;

  /** The device, and a log line that says what auto took. */
  final Device device() {
    try {
      Device selected = Devices.select(device);
      LOG.info("device {} (asked for {})", selected, device);
      return selected;
    } catch (DeviceUnavailableException e) {
      throw new MissingDependencyException(e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(commandLine(), e.getMessage(), e);
    }
  }

  final CommandLine commandLine() {
    return command.commandLine();
  }
}
