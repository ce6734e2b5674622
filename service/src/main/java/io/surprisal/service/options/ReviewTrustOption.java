package io.surprisal.service.options;

import io.surprisal.handover.TrustedKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code --trust}: whose reviews count. */
public final class ReviewTrustOption {
  @Option(
      names = "--trust",
      paramLabel = "FILE",
      description =
          "Public key (Ed25519, PEM), or list of keys as 'surprisal keys' writes it, of which one"
              + " must have signed a review for it to count; repeatable (default: all reviews"
              + " count).")
  private List<Path> trusted = new ArrayList<>();

  /**
   * Whose reviews count in a cluster.
   *
   * @throws IOException if a file is not there, or holds no keys
   */
  public ReviewTrust of(KafkaOptions kafka) throws IOException, InterruptedException {
    return trusted.isEmpty()
        ? ReviewTrust.ANYBODY
        : new ReviewTrust(TrustedKeys.read(trusted, InstantSource.system()), kafka.clusterId());
  }
}
