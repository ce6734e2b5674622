package io.surprisal.model.diffusion;

/**
 * Standard normal noise as a pure function of (key, stream, position): the counter-based generator
 * Philox4x32-10 (Salmon, Moraes, Dror &amp; Shaw 2011, "Parallel random numbers: as easy as 1, 2,
 * 3") and the Box–Muller transform. No state, so any part of any stream can be made again later, in
 * any order, on any thread and for any device; that is what lets a score be replayed and a training
 * run be resumed exactly.
 */
public final class CounterNoise {
  private static final double UNIT = 0x1p-32;

  private final int keyLow;
  private final int keyHigh;

  /** All streams of one key are independent of those of another. */
  public CounterNoise(long key) {
    keyLow = (int) key;
    keyHigh = (int) (key >>> 32);
  }

  /** Fills {@code length} elements of {@code out} from {@code offset} with N(0, 1). */
  public void fillGaussian(long stream, float[] out, int offset, int length) {
    int[] block = new int[4];
    for (int i = 0; i < length; i += 4) {
      philox(i >>> 2, (int) stream, (int) (stream >>> 32), 0, block);
      for (int pair = 0; pair < 4 && i + pair < length; pair += 2) {
        double radius = Math.sqrt(-2 * Math.log(uniform(block[pair])));
        double angle = 2 * Math.PI * uniform(block[pair + 1]);
        out[offset + i + pair] = (float) (radius * Math.cos(angle));
        if (i + pair + 1 < length) {
          out[offset + i + pair + 1] = (float) (radius * Math.sin(angle));
        }
      }
    }
  }

  /** One number uniform on (0, 1) from the start of a stream. */
  public double uniform(long stream) {
    int[] block = new int[4];
    philox(0, (int) stream, (int) (stream >>> 32), 1, block);
    return uniform(block[0]);
  }

  private static double uniform(int bits) {
    return ((bits & 0xffffffffL) + 0.5) * UNIT;
  }

  /** Ten rounds of Philox4x32 on the counter (c0, c1, c2, c3). */
  void philox(int c0, int c1, int c2, int c3, int[] out) {
    int k0 = keyLow;
    int k1 = keyHigh;
    for (int round = 0; round < 10; round++) {
      long product0 = 0xD2511F53L * (c0 & 0xffffffffL);
      long product1 = 0xCD9E8D57L * (c2 & 0xffffffffL);
      c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      c1 = (int) product1;
      c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c3 = (int) product0;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }
}
