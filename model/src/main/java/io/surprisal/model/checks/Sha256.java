package io.surprisal.model.checks;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 (FIPS 180-4): names files and releases, and draws by pixels and by names. */
public final class Sha256 {
  private static final int NAME_BYTES = 16;

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

  /**
   * A name for what several names stand for: the first 128 bits of the hash of them in UTF-8, each
   * after its length as 4 bytes big-endian.
   *
   * @return 32 lower-case hexadecimal digits
   */
  public static String ofNames(String... names) {
    MessageDigest digest = digest();
    for (String name : names) {
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest(), 0, NAME_BYTES);
  }

  /** The first 64 bits of the hash, big-endian. */
  public static long first64Bits(byte[] bytes) {
    return ByteBuffer.wrap(digest().digest(bytes)).getLong();
  }
}
