package io.surprisal.model.runtime;

import java.util.Locale;

/**
 * The arithmetic of the 3×3 convolutions, which are most of the work, and of what feeds them. All
 * else is in float32 either way: Fourier features, time embedding, attention, the sums along the
 * residual path and the output. Rounding those sums would cost ten times as many bits/dim.
 */
public enum Precision {
  FLOAT32(6),
  /** Eight bits of mantissa; fast where the processor has units for it, slow elsewhere. */
  BFLOAT16(15);

  private final int scalarType;

  Precision(int scalarType) {
    this.scalarType = scalarType;
  }

  /** PyTorch's number of the type ({@code c10::ScalarType}). */
  public int scalarType() {
    return scalarType;
  }

  /** As scores and releases record it: {@code float32}, {@code bfloat16}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
