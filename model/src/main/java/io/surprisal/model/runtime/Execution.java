package io.surprisal.model.runtime;

import ai.djl.Device;
import java.util.List;

/**
 * Where a network runs, and how precisely.
 *
 * @param devices CPU or GPUs, at least one; only scoring uses more than the first
 * @param precision of the hidden layers
 * @param workers how many pieces of work run side by side, at least 1
 */
public record Execution(List<Device> devices, Precision precision, int workers) {
  /** Float32 on the CPU, one piece of work at a time. */
  public static final Execution CPU = float32(Device.cpu());

  public Execution {
    devices = List.copyOf(devices);
    if (devices.isEmpty()) {
      throw new IllegalArgumentException("no device to run on");
    }
  }

  /** Float32 on a device. */
  public static Execution float32(Device device) {
    return new Execution(device, Precision.FLOAT32, 1);
  }

  /** On one device. */
  public Execution(Device device, Precision precision, int workers) {
    this(List.of(device), precision, workers);
  }

  /** One piece of work at a time. */
  public Execution(Device device, Precision precision) {
    this(device, precision, 1);
  }

  /** The first device. */
  public Device device() {
    return devices.get(0);
  }
}
