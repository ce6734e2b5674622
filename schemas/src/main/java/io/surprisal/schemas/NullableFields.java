package io.surprisal.schemas;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Values for those fields of records that say nothing by null, as Avro's builders take them. */
public final class NullableFields {
  private NullableFields() {}

  /** The value, or null where there is none. */
  public static @Nullable Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
