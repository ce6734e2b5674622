package io.surprisal.model.network;

import java.util.Locale;

/**
 * The arithmetic of the network's hidden layers. Fourier features, the time embedding and the final
 * addition are in float32 either way.
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
  int scalarType() {
    return scalarType;
  }

  /** As scores and releases record it: {@code float32}, {@code bfloat16}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
