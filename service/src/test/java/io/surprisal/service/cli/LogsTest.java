package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Instant;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.impl.Log4jLogEvent;
import org.apache.logging.log4j.core.layout.PatternLayout;
import org.apache.logging.log4j.message.SimpleMessage;
import org.junit.jupiter.api.Test;

class LogsTest {
  private static final PatternLayout LAYOUT =
      PatternLayout.newBuilder().setPattern(Logs.OBJECT).build();

  private static Log4jLogEvent.Builder event(String message) {
    return Log4jLogEvent.newBuilder()
        .setLoggerName("io.surprisal.service.Thing")
        .setLevel(Level.WARN)
        .setThreadName("stream \"1\"")
        .setMessage(new SimpleMessage(message))
        .setTimeMillis(Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli());
  }

  private static JsonNode parsed(Log4jLogEvent event) throws IOException {
    String line = LAYOUT.toSerializable(event);
    assertThat(line.strip()).doesNotContain("\n", "\u001b");
    return Json.MAPPER.readTree(line);
  }

  @Test
  void shouldWriteAnObjectOnOneLineWhateverTheMessageSays() throws IOException {
    String hostile = "image \"x\"}\n{\\ \u001b[31m ü";
    JsonNode line = parsed(event(hostile).build());

    assertThat(line.get("time").textValue()).isEqualTo("2026-01-02T03:04:05.678Z");
    assertThat(line.get("level").textValue()).isEqualTo("WARN");
    assertThat(line.get("logger").textValue()).isEqualTo("Thing");
    assertThat(line.get("thread").textValue()).isEqualTo("stream \"1\"");
    assertThat(line.get("message").textValue()).isEqualTo(hostile);
    assertThat(line.has("exception")).isFalse();
  }

  @Test
  void shouldHaveTheStackTraceOfAnException() throws IOException {
    JsonNode line = parsed(event("failed").setThrown(new IllegalStateException("why\n")).build());

    assertThat(line.get("exception").textValue())
        .contains("IllegalStateException: why")
        .contains("LogsTest");
  }
}
