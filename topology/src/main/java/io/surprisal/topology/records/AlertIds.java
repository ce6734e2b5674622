package io.surprisal.topology.records;

import io.surprisal.model.checks.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Names of alerts. */
public final class AlertIds {

  private static final int ID_BYTES = 16;

  private AlertIds() {}

  /**
   * A pure function of image and release: the first 128 bits of the SHA-256 of the three names in
   * UTF-8, each after its length as 4 bytes big-endian.
   *
   * @return 32 lower-case hexadecimal digits
   */
  public static String of(String source, String imageId, String releaseId) {
    MessageDigest digest = Sha256.digest();
    for (String name : new String[] {source, imageId, releaseId}) {
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest(), 0, ID_BYTES);
  }
}
