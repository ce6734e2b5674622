package io.surprisal.handover;

/**
 * Whom a member believes.
 *
 * @param clusterId of the cluster that the member is in, as its brokers say
 * @param keys of which one must have signed releases and their announcements, where any are asked
 *     for
 */
public record Trust(String clusterId, TrustedKeys keys) {
  /** Everybody who may write to the topics. */
  public static final Trust ANYBODY = new Trust("", TrustedKeys.NOBODY_ASKED);

  /** Whether signatures are asked for. */
  public boolean isLimited() {
    return keys.isAsked();
  }
}
