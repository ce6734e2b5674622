package io.surprisal.model.network;

import ai.djl.Device;

/**
 * Where a network runs, and how precisely.
 *
 * @param device CPU or GPU
 * @param precision of the hidden layers
 */
public record Execution(Device device, Precision precision) {
  /** Float32 on the CPU. */
  public static final Execution CPU = float32(Device.cpu());

  /** Float32 on a device. */
  public static Execution float32(Device device) {
    return new Execution(device, Precision.FLOAT32);
  }
}
