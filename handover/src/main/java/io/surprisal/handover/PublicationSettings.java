package io.surprisal.handover;

import java.nio.file.Path;
import java.security.PrivateKey;
import java.util.Optional;

/**
 * Where releases are put for the scorers, and how.
 *
 * @param store directory of the releases, which scorers see too
 * @param throughKafka whether scorers get releases through Kafka, and not from the store
 * @param kept most releases in the store
 * @param signingKey of the releases and their announcements; empty: they are not signed
 * @param trusted further keys whose announcements hold
 */
public record PublicationSettings(
    Path store,
    boolean throughKafka,
    int kept,
    Optional<PrivateKey> signingKey,
    TrustedKeys trusted) {

  /** Whose announcements hold: one's own, and those of the keys that are trusted beside it. */
  public Trust trust(String clusterId) {
    return new Trust(
        clusterId, signingKey.map(Ed25519::publicOf).map(trusted::with).orElse(trusted));
  }
}
