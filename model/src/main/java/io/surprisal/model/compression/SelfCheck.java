package io.surprisal.model.compression;

import io.surprisal.model.checks.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * Whether this machine's arithmetic is that of the machine which wrote an archive: a digest of the
 * chain's levels and widths and of what the network makes of a fixed input at three of them.
 */
final class SelfCheck {
  /** Length of the digest. */
  static final int BYTES = 8;

  private static final double RANGE = 4;

  private SelfCheck() {}

  /** 16 lower-case hexadecimal digits: nobody forges it, and so few bytes tell machines apart. */
  static String digest(DiscreteChain chain, NoisePredictor predictor, int dimensions) {
    MessageDigest digest = Sha256.digest();
    for (int i = 0; i <= chain.steps(); i++) {
      digest.update(bytes(chain.gamma(i), chain.width(i)));
    }
    double[] z = new double[predictor.batch() * dimensions];
    for (int i = 0; i < z.length; i++) {
      z[i] = RANGE * (Message.pseudoRandom(dimensions, i) * 0x1p-32); // exact, and so alike
    }
    for (int i : new int[] {1, (chain.steps() + 1) / 2, chain.steps()}) {
      digest.update(bytes(predictor.predict(z, chain.gamma(i))));
    }
    return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
  }

  private static byte[] bytes(double... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
    for (double value : values) {
      bytes.putDouble(value);
    }
    return bytes.array();
  }
}
