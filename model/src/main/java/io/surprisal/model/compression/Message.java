package io.surprisal.model.compression;

import java.util.Arrays;

/**
 * A stack of bits with probabilities: range asymmetric numeral systems (Duda 2013, arXiv 1311.2540)
 * with a 63-bit state and 32-bit words. Pushing a symbol of probability p lengthens it by −log₂ p
 * bits; popping draws a symbol with that probability and shortens it by as much. Each undoes the
 * other to the last bit.
 *
 * <p>Bits-back coding pops before anything was pushed. What lies beneath an empty message is an
 * endless row of pseudo-random words that the seed gives; those that were drawn are the initial
 * bits. So a message never holds more of them than it needed, and who has taken out all that was
 * pushed must find exactly them.
 *
 * <p>For one thread.
 */
final class Message {
  /** Frequencies are of 2²⁴: the quotient of the state by one keeps at least seven bits. */
  static final int PRECISION = 24;

  /** Sum of the frequencies of a distribution. */
  static final int TOTAL = 1 << PRECISION;

  private static final long LOWEST = 1L << 31;
  private static final int WORD = Integer.SIZE;
  private static final int LIMIT_SHIFT = 31 + WORD - PRECISION;
  private static final int FEWEST_WORDS = 256;
  private static final int BITS_AT_ONCE = 16;

  private long state;
  private int[] words;
  private int size;
  private int drawn;
  private final long seed;
  private final boolean endless;

  private Message(long state, int[] words, int size, long seed, boolean endless) {
    this.state = state;
    this.words = words;
    this.size = size;
    this.seed = seed;
    this.endless = endless;
  }

  /** An empty message above the initial bits of a seed. */
  static Message empty(long seed) {
    return above(new int[0], seed);
  }

  /**
   * An empty message above words that are to be kept anyway, and below those the initial bits of a
   * seed: what serves as initial bits costs nothing more.
   *
   * @param beneath the words, the last one on top; they should look random
   */
  static Message above(int[] beneath, long seed) {
    int[] words = Arrays.copyOf(beneath, Math.max(FEWEST_WORDS, beneath.length));
    return new Message(start(seed), words, beneath.length, seed, true);
  }

  /**
   * A message that was written.
   *
   * @param content of {@link #content()}; a copy is made
   * @param seed it was begun with
   * @throws CorruptMessageException if it is none
   */
  static Message of(int[] content, long seed) {
    if (content.length < 2) {
      throw new CorruptMessageException("a message of " + content.length + " words");
    }
    int size = content.length - 2;
    long state = ((long) content[size] << WORD) | (content[size + 1] & 0xffffffffL);
    if (state < LOWEST) {
      throw new CorruptMessageException("the state of a message is " + state);
    }
    return new Message(state, Arrays.copyOf(content, size), size, seed, false);
  }

  /** The words from the bottom up, and last the state, high half first. */
  int[] content() {
    int[] content = Arrays.copyOf(words, size + 2);
    content[size] = (int) (state >>> WORD);
    content[size + 1] = (int) state;
    return content;
  }

  /**
   * Adds a symbol.
   *
   * @param start sum of the frequencies of the symbols before it
   * @param frequency of the symbol, 1 to {@link #TOTAL}
   */
  void push(int start, int frequency) {
    if (state >>> LIMIT_SHIFT >= frequency) {
      if (size == words.length) {
        words = Arrays.copyOf(words, 2 * Math.max(1, size));
      }
      words[size++] = (int) state;
      state >>>= WORD;
    }
    long quotient = state / frequency;
    state = (quotient << PRECISION) + start + (state - quotient * frequency);
  }

  /** Which symbol lies on top: the one whose frequencies hold this slot, 0 to TOTAL − 1. */
  int slot() {
    return (int) state & (TOTAL - 1);
  }

  /** Takes off the symbol that {@link #slot} has shown. */
  void pop(int start, int frequency) {
    state = frequency * (state >>> PRECISION) + slot() - start;
    if (state < LOWEST) {
      state = (state << WORD) | (nextWord() & 0xffffffffL);
    }
  }

  /**
   * Turns over some of the bits that the next symbol is drawn from; done twice it does nothing.
   *
   * @param mask of {@link #PRECISION} bits
   */
  void flip(int mask) {
    state ^= mask & (TOTAL - 1);
  }

  private int nextWord() {
    if (size > 0) {
      return words[--size];
    }
    if (!endless) {
      throw new CorruptMessageException("a message ends before its images do");
    }
    return pseudoRandom(seed, drawn++);
  }

  /** Adds 32 bits as they are. */
  void pushBits(int bits) {
    int width = TOTAL >>> BITS_AT_ONCE;
    push((bits & 0xffff) * width, width);
    push((bits >>> BITS_AT_ONCE) * width, width);
  }

  /** Takes off what {@link #pushBits} has added. */
  int popBits() {
    int width = TOTAL >>> BITS_AT_ONCE;
    int high = slot() / width;
    pop(high * width, width);
    int low = slot() / width;
    pop(low * width, width);
    return (high << BITS_AT_ONCE) | low;
  }

  /** How many bits it holds above the initial ones; negative while it lives on credit. */
  double netBits() {
    return (double) WORD * (size - drawn)
        + (Math.log((double) state) - Math.log((double) start(seed))) / Math.log(2);
  }

  /** How many words of initial bits were drawn. */
  int drawn() {
    return drawn;
  }

  /**
   * Requires that nothing is left but what lay beneath, and the initial bits.
   *
   * @param count words of {@link #above}
   * @return these
   * @throws CorruptMessageException if anything else is left
   */
  int[] requireInitial(int count) {
    int drawnBefore = size - count;
    boolean initial = state == start(seed) && drawnBefore >= 0;
    for (int i = 0; i < drawnBefore && initial; i++) {
      initial = words[i] == pseudoRandom(seed, drawnBefore - 1 - i);
    }
    if (!initial) {
      throw new CorruptMessageException("a message does not end in its initial bits");
    }
    return Arrays.copyOfRange(words, drawnBefore, size);
  }

  private static long start(long seed) {
    return LOWEST | (pseudoRandom(seed, -1) & (LOWEST - 1));
  }

  /**
   * The words beneath an empty message, from the top down, and whatever else must look random and
   * be the same everywhere (SplitMix64; Steele, Lea &amp; Flood 2014).
   */
  static int pseudoRandom(long seed, int index) {
    long x = seed + (index + 1) * 0x9E3779B97F4A7C15L;
    x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return (int) ((x ^ (x >>> 31)) >>> WORD);
  }
}
