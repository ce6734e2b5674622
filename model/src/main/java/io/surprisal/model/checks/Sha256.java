package io.surprisal.model.checks;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 (FIPS 180-4): names files and releases, and draws by pixels and by names. */
public final class Sha256 {
  private Sha256() {}

  /** A digest of nothing yet, for bytes that come in pieces; every JDK has one. */
  public static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** The hash as 64 lower-case hexadecimal digits. */
  public static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  /** The first 64 bits of the hash, big-endian. */
  public static long first64Bits(byte[] bytes) {
    return ByteBuffer.wrap(digest().digest(bytes)).getLong();
  }
}
