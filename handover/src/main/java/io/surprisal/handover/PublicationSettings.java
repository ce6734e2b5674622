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
 * @param signingKey of the releases; empty: they are not signed
 */
public record PublicationSettings(
    Path store, boolean throughKafka, int kept, Optional<PrivateKey> signingKey) {}
