package io.surprisal.service.options;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.IncidentAlert;
import io.surprisal.schemas.IncidentState;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class IncidentSumTest {
  private static final Instant TIME = Instant.parse("2026-01-02T03:04:05Z");

  private static AlertIncident part(String id, int partition, long alerts) {
    IncidentAlert alert = new IncidentAlert(id, "image", TIME, 0.01, 4.0);
    return AlertIncident.newBuilder()
        .setIncidentId(id)
        .setSource("camera")
        .setImagesPartition(partition)
        .setState(IncidentState.OPEN)
        .setOpenedAt(TIME)
        .setLastAlertAt(TIME)
        .setClosedAt(null)
        .setAlerts(alerts)
        .setImages(alerts)
        .setFirst(alert)
        .setStrongest(alert)
        .setReasons(List.of())
        .setReleaseId("release")
        .setAlertRate(0.01)
        .build();
  }

  @Test
  void shouldAddUpWhatPartitionsSayAndTakeTheLatestOfEach() {
    IncidentSum sum = new IncidentSum(10);
    sum.add(part("a", 0, 1));
    sum.add(part("a", 1, 5));

    assertThat(sum.add(part("a", 0, 3)).alerts()).isEqualTo(8);
  }

  @Test
  void shouldForgetTheOneThatWasToldOfLongestAgo() {
    IncidentSum sum = new IncidentSum(2);
    sum.add(part("a", 0, 1));
    sum.add(part("b", 0, 1));
    sum.add(part("a", 1, 1));
    sum.add(part("c", 0, 1));

    assertThat(sum.all()).extracting(IncidentSum.Whole::id).containsExactlyInAnyOrder("a", "c");
    assertThat(sum.add(part("a", 0, 2)).alerts()).isEqualTo(3);
  }
}
