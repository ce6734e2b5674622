package io.surprisal.model.runtime;

import java.util.List;
import java.util.Locale;

/**
 * The arithmetic of the 3×3 convolutions, which are most of the work, and of what feeds them. All
 * else is in float32 either way, unless all is in float64: Fourier features, time embedding,
 * attention, the sums along the residual path and the output. Rounding those sums would cost ten
 * times as many bits/dim.
 */
public enum Precision {
  FLOAT32(6),
  /** Eight bits of mantissa; fast where the processor has units for it, slow elsewhere. */
  BFLOAT16(15),
  /**
   * All of it in double precision, slowly. What two machines make of the same input then differs by
   * so little that both round to the same on a grid; that is what it is for.
   */
  FLOAT64(7);

  /** Those that scores and training know. */
  public static final List<Precision> OF_SCORES = List.of(FLOAT32, BFLOAT16);

  private final int scalarType;

  Precision(int scalarType) {
    this.scalarType = scalarType;
  }

  /** PyTorch's number of the type ({@code c10::ScalarType}). */
  public int scalarType() {
    return scalarType;
  }

  /** The type of all that is not in {@link #scalarType}. */
  public int wideScalarType() {
    return this == FLOAT64 ? scalarType : FLOAT32.scalarType;
  }

  /** As scores and releases record it: {@code float32}, {@code bfloat16}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
