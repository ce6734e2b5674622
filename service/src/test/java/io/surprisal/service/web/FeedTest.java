package io.surprisal.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.IncidentAlert;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.service.cli.Json;
import io.surprisal.service.options.ReviewTrust;
import io.surprisal.service.steer.ReviewSender;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FeedTest {
  private final View view = new View("images", InstantSource.fixed(Instant.EPOCH));
  private final Feed feed = new Feed(view, "images");

  private AnomalyAlert tell(int number, int incident) {
    AnomalyAlert alert = ViewTest.alert(number, "camera-" + incident);
    alert.setIncidentId("%032x".formatted(incident));
    view.alert(alert, new Place(0, number), number);
    return alert;
  }

  private JsonNode rows(Map<String, String> query) throws Exception {
    return Json.MAPPER.readTree(Json.line(feed.rows(AlertFilter.of(new Query(query)))));
  }

  @Test
  void shouldFoldIncidentsThatTakeTurnsIntoARowEach() throws Exception {
    for (int i = 1; i <= 6; i++) {
      tell(i, 1 + i % 2);
    }
    tell(7, 7);
    AnomalyAlert first = ViewTest.alert(1, "camera-2");
    view.review(
        ReviewSender.of(first)
            .setVerdict(ReviewVerdict.CONFIRMED)
            .setReviewedBy("Ada")
            .setReviewedAt(Instant.EPOCH)
            .setNote("")
            .build(),
        ReviewTrust.ANYBODY);

    JsonNode rows = rows(Map.of()).get("rows");

    assertThat(rows).hasSize(3);
    assertThat(rows.findValuesAsText("alerts")).startsWith("1", "3", "3");
    JsonNode second = rows.get(2);
    assertThat(second.get("latest").get("imageId").textValue()).isEqualTo("image-5");
    assertThat(second.get("firstAt").longValue()).isEqualTo(1000);
    assertThat(second.get("lastAt").longValue()).isEqualTo(5000);
    assertThat(second.get("reviews").toString()).isEqualTo("{\"CONFIRMED\":1,\"none\":2}");
    assertThat(second.get("reasons").toString()).isEqualTo("[\"ATYPICAL\"]");
    assertThat(second.get("incident").isNull()).isTrue();
  }

  @Test
  void shouldCountWhatTheFilterWants() throws Exception {
    for (int i = 1; i <= 6; i++) {
      tell(i, 1);
    }
    tell(9, 9);
    String incident = "%032x".formatted(1);

    JsonNode found = rows(Map.of("incident", incident, "since", "5000"));

    assertThat(found.get("rows")).hasSize(1);
    assertThat(found.get("rows").get(0).get("alerts").intValue()).isEqualTo(2);
    assertThat(found.get("more").booleanValue()).isFalse();
    assertThat(rows(Map.of("limit", "1")).get("more").booleanValue()).isTrue();
  }

  @Test
  void shouldSayWhatWasToldOfAnIncident() throws Exception {
    AnomalyAlert alert = tell(1, 1);
    view.incident(
        AlertIncident.newBuilder()
            .setIncidentId(alert.getIncidentId())
            .setSource(alert.getSource())
            .setImagesPartition(0)
            .setState(IncidentState.OPEN)
            .setOpenedAt(Instant.EPOCH)
            .setLastAlertAt(Instant.EPOCH)
            .setClosedAt(null)
            .setAlerts(40)
            .setImages(50)
            .setFirst(new IncidentAlert(alert.getAlertId(), "x", Instant.EPOCH, 0.01, 4.0))
            .setStrongest(new IncidentAlert(alert.getAlertId(), "x", Instant.EPOCH, 0.01, 4.0))
            .setReasons(List.of())
            .setReleaseId("release")
            .setAlertRate(0.01)
            .build());

    JsonNode row = rows(Map.of()).get("rows").get(0);

    assertThat(row.get("incident").get("state").textValue()).isEqualTo("OPEN");
    assertThat(row.get("incident").get("alerts").intValue()).isEqualTo(40);
    assertThat(row.get("latest").get("ofIncident").intValue()).isEqualTo(40);
  }
}
