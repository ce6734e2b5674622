package io.surprisal.model.checks;

/** A check of an argument that says what is wrong, with which value, and what would do. */
public final class Require {
  private Require() {}

  /**
   * A condition on one value of several.
   *
   * @param whole what the value is part of, such as {@code model configuration}
   * @param name of the value
   * @param expected what it must be
   * @throws IllegalArgumentException naming all of them, if it does not hold
   */
  public static void value(
      boolean holds, String whole, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          whole + ": " + name + " is " + value + ", must be " + expected);
    }
  }
}
