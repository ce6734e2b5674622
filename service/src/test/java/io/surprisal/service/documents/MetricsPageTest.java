package io.surprisal.service.documents;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.MetricName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** docs/metrics.md against the catalogue. */
class MetricsPageTest {

  private static String row(MetricName name) {
    String labels = String.join(" ", name.labels());
    return "| `%s` | %s |%s | %s | %s |"
        .formatted(
            name.exposed(),
            name.kind().name().toLowerCase(Locale.ROOT),
            labels.isEmpty() ? "" : " " + labels,
            name.where().name().toLowerCase(Locale.ROOT),
            name.description());
  }

  @Test
  void shouldListEveryMetricAsTheCodeHasIt() throws Exception {
    List<String> rows =
        Files.readAllLines(Path.of("..", "docs", "metrics.md")).stream()
            .filter(line -> line.startsWith("| `"))
            .toList();

    assertThat(rows)
        .containsExactlyElementsOf(
            Arrays.stream(MetricName.values()).map(MetricsPageTest::row).toList());
  }
}
