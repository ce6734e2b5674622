package io.surprisal.service.documents;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.system.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigurationPageTest {
  private static final Path PAGE = Path.of("..", "docs", "configuration.md");

  @Test
  void shouldListTheOptionsThatThereAre() throws IOException {
    CommandRun run = CommandRun.of("config", "--options");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(Files.readString(PAGE))
        .as("made anew with: bin/surprisal config --options > docs/configuration.md")
        .isEqualTo(run.out());
  }

  @Test
  void shouldSayTheSameWhateverIsSet() {
    String plain = CommandRun.of("config", "--options").out();
    CommandRun set =
        CommandRun.of(
            Map.of(
                "SURPRISAL_ALERT_RATE", "0.77", "SURPRISAL_DASHBOARD_TOKEN", "0123456789abcdefg"),
            new StopSignal(),
            "config",
            "--options");
    assertThat(set.out()).isEqualTo(plain).doesNotContain("0.77", "0123456789abcdefg");
    assertThat(plain)
        .contains(
            "| `--linger` | `linger` | `SURPRISAL_LINGER` | whole number | milliseconds | 5 |",
            "| `--trust` |  |  | path, repeatable |",
            "## bench stream");
  }
}
