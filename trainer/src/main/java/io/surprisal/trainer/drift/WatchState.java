package io.surprisal.trainer.drift;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * How far a trainer has read verdicts, and what of the stream's drift it has seen until there: one
 * record, written at once into the reservoir, so that a trainer that was killed goes on without
 * losing or repeating a score.
 *
 * @param release whose scores are looked at; empty: none yet
 * @param drift of them
 * @param next by topic and partition, the offset of the next record
 */
record WatchState(String release, StreamDrift.State drift, Map<String, Map<Integer, Long>> next) {

  /** Earlier versions saved what this one does not know. */
  private static final ObjectMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  /** As JSON, which later versions read too. */
  byte[] encode() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
  }

  /**
   * What {@link #encode} wrote.
   *
   * @throws UncheckedIOException if the bytes are no such state
   */
  static WatchState decode(byte[] bytes) {
    try {
      return JSON.readValue(bytes, WatchState.class);
    } catch (IOException e) {
      throw new UncheckedIOException("the reservoir's state of the drift test is damaged", e);
    }
  }
}
