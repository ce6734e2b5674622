package io.surprisal.model.imports;

import io.surprisal.model.network.ParameterLayout;
import java.util.List;

/**
 * The monotone network of a schedule, whose dense kernels both implementations have as (in, out).
 */
final class MonotoneNetwork {
  private MonotoneNetwork() {}

  /**
   * Adds its five tensors.
   *
   * @param form of their names, of the layer's number and {@code kernel} or {@code bias}
   */
  static void add(ForeignLayout.Builder tensors, String form) {
    int width = ParameterLayout.MONOTONE_WIDTH;
    tensors
        .reshaped("schedule.l1.weight", form.formatted(1, "kernel"), List.of(1, 1))
        .same("schedule.l1.bias", form.formatted(1, "bias"))
        .reshaped("schedule.l2.weight", form.formatted(2, "kernel"), List.of(1, width))
        .same("schedule.l2.bias", form.formatted(2, "bias"))
        .reshaped("schedule.l3.weight", form.formatted(3, "kernel"), List.of(width, 1));
  }
}
