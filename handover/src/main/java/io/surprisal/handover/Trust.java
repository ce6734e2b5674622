package io.surprisal.handover;

import java.security.PublicKey;
import java.util.List;

/**
 * Whom a member believes.
 *
 * @param clusterId of the cluster that the member is in, as its brokers say
 * @param keys of which one must have signed releases and their announcements; empty: none needs a
 *     signature
 */
public record Trust(String clusterId, List<PublicKey> keys) {
  /** Everybody who may write to the topics. */
  public static final Trust ANYBODY = new Trust("", List.of());

  public Trust {
    keys = List.copyOf(keys);
  }

  /** Whether signatures are asked for. */
  public boolean isLimited() {
    return !keys.isEmpty();
  }
}
