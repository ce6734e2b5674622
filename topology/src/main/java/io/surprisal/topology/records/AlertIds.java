package io.surprisal.topology.records;

import io.surprisal.model.checks.Sha256;

/** Names of alerts. */
public final class AlertIds {

  private AlertIds() {}

  /**
   * A pure function of image and release: the first 128 bits of the SHA-256 of the three names in
   * UTF-8, each after its length as 4 bytes big-endian.
   *
   * @return 32 lower-case hexadecimal digits
   */
  public static String of(String source, String imageId, String releaseId) {
    return Sha256.ofNames(source, imageId, releaseId);
  }
}
