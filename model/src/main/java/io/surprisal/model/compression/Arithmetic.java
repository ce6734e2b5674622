package io.surprisal.model.compression;

import io.surprisal.model.runtime.Precision;

/** With which numbers the network's output is made, which encoder and decoder must share. */
public enum Arithmetic {
  /** As it comes in float32: fast, and to the last bit only on machines that round alike. */
  FLOAT32(Precision.FLOAT32, 0),

  /**
   * In float64, rounded to multiples of 2⁻⁸: what machines make of the same input differs by 2e-14
   * and so becomes the same, unless it lies within that of an edge of the grid, which happens to
   * one of 10¹¹ values and is found by the image's check sum. Rounding costs 1.5e-5 bits/dim.
   */
  PORTABLE(Precision.FLOAT64, 0x1p8);

  private final Precision precision;
  private final double grid;

  Arithmetic(Precision precision, double grid) {
    this.precision = precision;
    this.grid = grid;
  }

  /** Of the network. */
  public Precision precision() {
    return precision;
  }

  /** Rounds the network's output. */
  void round(double[] output) {
    if (grid == 0) {
      return;
    }
    for (int i = 0; i < output.length; i++) {
      output[i] = Math.rint(output[i] * grid) / grid;
    }
  }
}
