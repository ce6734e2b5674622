package io.surprisal.topology.serving;

import io.surprisal.model.batching.SpareLane;
import io.surprisal.model.checks.Sha256;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.images.Preprocessing;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Consumer;

/**
 * A release that is tried in the shadow of the one that serves: it scores a share of the images
 * too, when there is time, and its scores go into the comparison on the topic {@code statistics}
 * and nowhere else. Every image keeps its one score. Shared by all stream threads.
 *
 * @param releaseId SHA-256 of the release file, hexadecimal
 * @param preprocessing brings a decoded image into the network's shape
 * @param scoring takes preprocessed images, and drops what it has no time for
 * @param rules say which images of a source would raise an alert
 * @param share of the images, by hash of their ids, in (0, 1]
 * @param refusal is told, in words, why the release cannot be tried any further; may be told again
 */
public record ShadowModel(
    String releaseId,
    Preprocessing preprocessing,
    SpareLane scoring,
    AlertRules rules,
    double share,
    Consumer<String> refusal) {

  /**
   * Whether an image belongs to the share: the same ones at every scorer, and of a larger share all
   * those of a smaller one.
   *
   * @param imageId as the image's score has it
   */
  public boolean takes(String source, String imageId) {
    MessageDigest digest = Sha256.digest();
    digest.update(source.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
    byte[] hash = digest.digest(imageId.getBytes(StandardCharsets.UTF_8));
    double unit = (ByteBuffer.wrap(hash).getLong() >>> 11) * 0x1p-53; // in [0, 1)
    return unit < share;
  }
}
