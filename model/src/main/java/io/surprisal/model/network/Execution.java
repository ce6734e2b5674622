package io.surprisal.model.network;

import ai.djl.Device;

/**
 * Where a network runs, and how precisely.
 *
 * @param device CPU or GPU
 * @param precision of the hidden layers
 * @param workers how many pieces of work run side by side, at least 1
 */
public record Execution(Device device, Precision precision, int workers) {
  /** Float32 on the CPU, one piece of work at a time. */
  public static final Execution CPU = float32(Device.cpu());

  /** Float32 on a device. */
  public static Execution float32(Device device) {
    return new Execution(device, Precision.FLOAT32, 1);
  }

  /** One piece of work at a time. */
  public Execution(Device device, Precision precision) {
    this(device, precision, 1);
  }
}
