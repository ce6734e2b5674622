package io.surprisal.service.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrintableTest {
  /** Erases the screen, sets the title, turns the writing, ends the line, by 7 bits and by 8. */
  private static final String HOSTILE =
      "cam\u001b[2J\u001b]0;x\u0007\u009b31m\u202eevil\u2028\r\nALERT";

  private static final String[] OBEYED = {"\u001b", "\u0007", "\u009b", "\u202e", "\u2028", "\r"};

  @Test
  void shouldShowWhatATerminalWouldObey() {
    assertThat(Printable.text("Kamera ä 日本\u001b[2J")).isEqualTo("Kamera ä 日本\\u{1b}[2J");
    assertThat(Printable.text(HOSTILE)).doesNotContain(OBEYED).doesNotContain("\n");
    assertThat(Printable.text(Printable.text(HOSTILE))).isEqualTo(Printable.text(HOSTILE));
  }

  @Test
  void shouldWriteJsonThatMeansTheSame() throws JsonProcessingException {
    String json = Json.line(Map.of("source", HOSTILE + "\ud83d\udc7e"));

    assertThat(json).doesNotContain(OBEYED).doesNotContain("\n").contains("\ud83d\udc7e");
    assertThat(Json.MAPPER.readTree(json).path("source").asText())
        .isEqualTo(HOSTILE + "\ud83d\udc7e");
  }

  @Test
  void shouldObeyNothingInTables() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();

    new Table("source").row(HOSTILE).print(new PrintStream(out, true, UTF_8));

    assertThat(out.toString(UTF_8)).doesNotContain(OBEYED).hasLineCount(2);
  }
}
