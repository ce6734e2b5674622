package io.surprisal.service.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.schemas.MetricName;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ProcessMetricsTest {
  private final ProcessMetrics metrics = new ProcessMetrics("1.2.3");

  private List<String> lines(MetricName name) {
    return metrics
        .text()
        .lines()
        .filter(
            line -> line.startsWith(name.exposed() + " ") || line.startsWith(name.exposed() + "{"))
        .toList();
  }

  @Test
  void shouldTellOfEveryProcessByTheNamesOfTheCatalogue() {
    assertThat(lines(MetricName.INFO)).containsExactly("surprisal_info{version=\"1.2.3\"} 1");
    for (MetricName name : MetricName.values()) {
      if (name.where() == MetricName.Where.ALL) {
        assertThat(lines(name)).as(name.exposed()).hasSize(1);
      }
    }
  }

  @Test
  void shouldWriteEveryKindUnderTheNameThatTheCatalogueSays() {
    for (MetricName name : MetricName.values()) {
      String[] labels = name.labels().stream().map(label -> "x").toArray(String[]::new);
      if (name.where() == MetricName.Where.ALL) {
        continue;
      }
      switch (name.kind()) {
        case COUNTER -> metrics.counter(name, () -> 3, labels);
        case GAUGE -> metrics.gauge(name, () -> 3, labels);
        case TIMER -> metrics.registry().timer(name.id());
        case SUMMARY -> metrics.registry().summary(name.id());
      }
    }
    String text = metrics.text();
    for (MetricName name : MetricName.values()) {
      String line =
          switch (name.kind()) {
            case TIMER, SUMMARY -> name.exposed() + "_count";
            case COUNTER, GAUGE -> name.exposed();
          };
      assertThat(text.lines().filter(l -> l.startsWith(line)).toList())
          .as(name.toString())
          .isNotEmpty();
    }
  }

  @Test
  void shouldSayWhatIsNowAndNotWhatWas() {
    String[] release = {"a"};
    metrics.state(
        MetricName.RELEASE,
        () ->
            release[0].isEmpty() ? Optional.empty() : Optional.of(List.of(release[0], "float32")));
    assertThat(lines(MetricName.RELEASE))
        .containsExactly("surprisal_release{precision=\"float32\",release=\"a\"} 1.0");
    release[0] = "b";
    assertThat(lines(MetricName.RELEASE))
        .containsExactly("surprisal_release{precision=\"float32\",release=\"b\"} 1.0");
    release[0] = "";
    assertThat(lines(MetricName.RELEASE)).isEmpty();
  }

  @Test
  void shouldKeepWhatItAsksThoughNobodyElseDoes() {
    long[] asked = {0};
    metrics.counter(MetricName.BATCHES, () -> ++asked[0]);
    System.gc();
    assertThat(lines(MetricName.BATCHES)).hasSize(1).noneMatch(line -> line.endsWith("NaN"));
    assertThat(asked[0]).isPositive();
  }

  @Test
  void shouldRefuseLabelsThatTheCatalogueDoesNotName() {
    assertThatThrownBy(() -> metrics.gauge(MetricName.QUEUE_IMAGES, () -> 1, "surplus"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("QUEUE_IMAGES");
  }

  @Test
  void shouldHaveADescriptionOfEveryMetricAndEachNameOnce() {
    assertThat(Arrays.stream(MetricName.values()).map(MetricName::exposed)).doesNotHaveDuplicates();
    assertThat(MetricName.values()).allSatisfy(name -> assertThat(name.description()).isNotBlank());
  }
}
