package io.surprisal.schemas;

import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/**
 * A schema registry did not do what is asked of it: it does not answer, it does not know who asks,
 * or it refuses a schema. No fault of the record that wanted it.
 */
public final class SchemaRegistryException extends KafkaException {
  SchemaRegistryException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
