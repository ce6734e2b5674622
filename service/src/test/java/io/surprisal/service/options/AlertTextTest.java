package io.surprisal.service.options;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.PictureBox;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class AlertTextTest {
  private static AnomalyAlert.Builder alert() {
    return AnomalyAlert.newBuilder()
        .setRepairs(List.of())
        .setAlertId("a")
        .setIncidentId("a")
        .setReasons(List.of(AlertReason.LOW_LIKELIHOOD, AlertReason.LOCAL))
        .setImageId("i")
        .setSource("s")
        .setEventTime(Instant.EPOCH)
        .setReleaseId("r")
        .setPrecision("float32")
        .setBitsPerDim(4.5)
        .setStandardError(0)
        .setEvaluations(8)
        .setAlertRate(0.01)
        .setLocation(new ImageLocation("images", 0, 0L));
  }

  @Test
  void shouldNameReasonsAndTheStrongestBoxes() {
    AnomalyAlert alert =
        alert()
            .setThreshold(4.25)
            .setBoxes(
                List.of(
                    new PictureBox(512, 40, 60, 44, 9.26),
                    new PictureBox(0, 1, 10, 12, 8.0),
                    new PictureBox(7, 7, 10, 10, 7.0)))
            .build();

    assertThat(AlertText.threshold(alert)).isEqualTo(" (threshold 4.2500)");
    assertThat(AlertText.reasons(alert)).isEqualTo("LOW_LIKELIHOOD,LOCAL");
    assertThat(AlertText.boxes(alert, 2))
        .isEqualTo("  [60×44 at 512,40: 9.3 σ]  [10×12 at 0,1: 8.0 σ]  and 1 more");
    assertThat(AlertText.boxes(alert, 3)).endsWith("  [10×10 at 7,7: 7.0 σ]");
  }

  @Test
  void shouldSayNothingOfWhatThereIsNot() {
    AnomalyAlert alert = alert().setBoxes(List.of()).build();

    assertThat(AlertText.threshold(alert)).isEmpty();
    assertThat(AlertText.boxes(alert, 3)).isEmpty();
  }
}
