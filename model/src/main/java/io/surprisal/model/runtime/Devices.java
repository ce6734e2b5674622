package io.surprisal.model.runtime;

import ai.djl.Device;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Chooses where a network runs: {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}. */
public final class Devices {
  private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

  private Devices() {}

  /**
   * The device of a name.
   *
   * @throws IllegalArgumentException if the name is none of those above
   * @throws DeviceUnavailableException if the name is explicit and this machine lacks the device
   */
  public static Device select(String name) throws DeviceUnavailableException {
    if (name.equals("cpu")) {
      return Device.cpu();
    }
    Matcher cuda = CUDA.matcher(name);
    if (!name.equals("auto") && !cuda.matches()) {
      throw new IllegalArgumentException(
          "device '" + name + "' is not known; use auto, cpu, cuda or cuda:N");
    }
    int gpus = TorchRuntime.gpus();
    if (name.equals("auto")) {
      return gpus > 0 ? Device.gpu(0) : Device.cpu();
    }
    int index = cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1));
    if (index >= gpus) {
      throw new DeviceUnavailableException(
          "device '"
              + name
              + "' is not there: PyTorch sees "
              + gpus
              + " GPUs; use --device auto or cpu, or install the CUDA build of libtorch");
    }
    return Device.gpu(index);
  }
}
