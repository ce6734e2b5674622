package io.surprisal.service.options;

import ai.djl.Device;
import io.surprisal.model.runtime.DeviceUnavailableException;
import io.surprisal.model.runtime.Devices;
import io.surprisal.service.cli.MissingDependencyException;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --device}, wherever a network runs on one device. */
public class DeviceOption {
  private static final Logger LOG = LoggerFactory.getLogger(DeviceOption.class);

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--device",
      defaultValue = "auto",
      paramLabel = "NAME",
      description =
          "auto (a GPU where there is one), cpu, cuda or cuda:N; where images are scored, several,"
              + " such as cuda:0,cuda:1 (default: ${DEFAULT-VALUE}).")
  private String device;

  /** The device, and a log line that says what auto took. */
  public final Device device() {
    return select(device);
  }

  /**
   * The devices, each in a log line.
   *
   * @throws ParameterException if one is named twice
   */
  public final List<Device> devices() {
    List<Device> selected =
        Stream.of(device.split(",")).map(String::trim).map(this::select).toList();
    if (selected.stream().distinct().count() < selected.size()) {
      throw new ParameterException(commandLine(), "--device names a device twice: " + device);
    }
    return selected;
  }

  private Device select(String name) {
    try {
      Device selected = Devices.select(name);
      LOG.info("device {} (asked for {})", selected, name);
      return selected;
    } catch (DeviceUnavailableException e) {
      throw new MissingDependencyException(String.valueOf(e.getMessage()), e);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(commandLine(), e.getMessage(), e);
    }
  }

  final CommandLine commandLine() {
    return command.commandLine();
  }
}
