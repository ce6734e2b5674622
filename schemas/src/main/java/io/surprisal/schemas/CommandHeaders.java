package io.surprisal.schemas;

/** Headers of the records of the topics control and reviews. */
public final class CommandHeaders {
  /** Detached Ed25519 signature (RFC 8032, 64 bytes) of the record's value. */
  public static final String SIGNATURE = "surprisal.signature";

  private CommandHeaders() {}
}
