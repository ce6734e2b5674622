package io.surprisal.model.runtime;

import ai.djl.ndarray.NDArray;

/**
 * Numbers as arrays, for operations that a backward pass goes through. DJL's own {@code
 * mul(Number)} and {@code div(Number)} wrap the number in memory of the Java heap's side and
 * release it at once, while PyTorch has saved a pointer to it for the gradient: after a garbage
 * collection between forward and backward the gradient is garbage.
 */
public final class Constants {
  private Constants() {}

  /** A number as an array that lives as long as the manager of {@code neighbour}. */
  public static NDArray beside(NDArray neighbour, double value) {
    return neighbour.getManager().create((float) value);
  }

  /** {@code array · factor}, with a gradient. */
  public static NDArray times(NDArray array, double factor) {
    return array.mul(beside(array, factor));
  }
}
