package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.service.cli.Json;
import java.util.HashMap;
import java.util.Map;

/**
 * An answer to a request.
 *
 * @param headers beside those that all answers have
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Answer(int status, String type, byte[] body, Map<String, String> headers) {
  private static final String JSON = "application/json";
  private static final Map<String, String> FRESH = Map.of("Cache-Control", "no-store");

  static Answer json(Object value) {
    return json(200, value, Map.of());
  }

  /** JSON with headers beside those that keep it from being kept. */
  static Answer json(int status, Object value, Map<String, String> more) {
    Map<String, String> headers = new HashMap<>(FRESH);
    headers.putAll(more);
    return new Answer(status, JSON, Json.line(value).getBytes(UTF_8), headers);
  }

  /**
   * A refusal.
   *
   * @param message names the thing and the remedy
   */
  static Answer refused(int status, String message) {
    return json(status, Map.of("error", message), Map.of());
  }

  /** A picture, which is for ever what it is. */
  static Answer png(byte[] file) {
    return new Answer(
        200, "image/png", file, Map.of("Cache-Control", "private, max-age=86400, immutable"));
  }
}
