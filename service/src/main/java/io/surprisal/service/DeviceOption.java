package io.surprisal.service;

import ai.djl.Device;
import io.surprisal.model.network.DeviceUnavailableException;
import io.surprisal.model.network.Devices;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command runs the network. */
public final class DeviceOption {

  private static final Logger LOG = LoggerFactory.getLogger(DeviceOption.class);

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--device",
      paramLabel = "auto|cpu|cuda|cuda:N",
      defaultValue = "auto",
      description = "Where the network runs; auto takes the GPU where there is one.")
  private String name;

  /**
   * The device, and a line in the log that says which.
   *
   * @throws DeviceUnavailableException if this machine lacks the device
   * @throws ParameterException if there is no such kind of device
   */
  public Device select() throws DeviceUnavailableException {
    try {
      Device device = Devices.select(name);
      LOG.info("The network runs on {}", device);
      return device;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}
