package io.surprisal.model.compression;

/**
 * A family of distributions over whole numbers as a way onto a {@link Message} and off it. Under
 * the same condition {@code pop} after {@code push} gives the symbol and the message as it was, and
 * {@code push} after {@code pop} the message. Codecs compose: to undo several, undo the last first.
 *
 * <p>Immutable; the arithmetic is Java's alone, so that every machine does the same.
 */
interface Codec {

  /**
   * Adds a symbol.
   *
   * @param condition what the distribution depends on, for example its mean
   */
  void push(Message message, double condition, int symbol);

  /** Draws a symbol. */
  int pop(Message message, double condition);

  /** Adds symbols, each under its own condition. */
  default void pushAll(Message message, double[] conditions, int[] symbols) {
    for (int i = 0; i < symbols.length; i++) {
      push(message, conditions[i], symbols[i]);
    }
  }

  /** Takes off what {@link #pushAll} has added. */
  default void popAll(Message message, double[] conditions, int[] symbols) {
    for (int i = symbols.length - 1; i >= 0; i--) {
      symbols[i] = pop(message, conditions[i]);
    }
  }
}
