package io.surprisal.schemas;

import org.apache.kafka.common.errors.SerializationException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that are not a record of the expected contract. The fault lies in the bytes: reading them
 * again gives the same exception.
 */
public abstract sealed class RecordFormatException extends SerializationException {

  private RecordFormatException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * The bytes are not in Avro's single-object encoding, they do not begin with C3 01; or they are
   * in Confluent's wire format where no registry is set.
   */
  public static final class WrongHeader extends RecordFormatException {
    WrongHeader(String message) {
      super(message, null);
    }
  }

  /** The bytes name a writer schema that this reader does not have. */
  public static final class UnknownSchema extends RecordFormatException {
    private final long fingerprint;

    UnknownSchema(String message, long fingerprint) {
      super(message, null);
      this.fingerprint = fingerprint;
    }

    /**
     * CRC-64-AVRO fingerprint of the writer schema, or its number in a registry, as its header has
     * it.
     */
    public long fingerprint() {
      return fingerprint;
    }
  }

  /** The header is right but the body ends early, is no record of its schema, or goes on after. */
  public static final class MalformedBody extends RecordFormatException {
    MalformedBody(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
