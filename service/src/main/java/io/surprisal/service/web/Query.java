package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What stands after the question mark of an address. */
record Query(Map<String, String> values) {
  private static final int LONGEST = 8 << 10;

  /**
   * Of the raw text.
   *
   * @throws RefusedException if it is too long or not well-formed
   */
  static Query parse(String raw) {
    if (raw.length() > LONGEST) {
      throw new RefusedException(414, "the address is longer than " + LONGEST + " characters");
    }
    Map<String, String> values = new HashMap<>();
    for (String pair : raw.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        try {
          values.put(
              URLDecoder.decode(pair.substring(0, equals), UTF_8),
              URLDecoder.decode(pair.substring(equals + 1), UTF_8));
        } catch (IllegalArgumentException e) {
          throw new RefusedException(400, "the address is not well-formed: " + e.getMessage());
        }
      }
    }
    return new Query(values);
  }

  /** Empty where it is not given, or without text. */
  Optional<String> text(String name) {
    return Optional.ofNullable(values.get(name)).filter(value -> !value.isEmpty());
  }

  /**
   * A number.
   *
   * @throws RefusedException if it is none
   */
  Optional<Long> number(String name) {
    return text(name)
        .map(
            value -> {
              try {
                return Long.valueOf(value);
              } catch (NumberFormatException e) {
                throw new RefusedException(400, name + " must be a whole number");
              }
            });
  }
}
