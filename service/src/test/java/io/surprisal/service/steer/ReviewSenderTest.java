package io.surprisal.service.steer;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ReviewVerdict;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReviewSenderTest {
  private static final Instant NOW = Instant.parse("2026-05-06T07:08:09.123Z");

  private static Optional<AlertReview> given(Instant when) {
    return Optional.of(
        AlertReview.newBuilder()
            .setAlertId("0a".repeat(16))
            .setImageId("image")
            .setSource("camera")
            .setReasons(List.of())
            .setVerdict(ReviewVerdict.CONFIRMED)
            .setReviewedAt(when)
            .setLocation(new ImageLocation("images", 0, 1L))
            .build());
  }

  @Test
  void shouldBeLaterThanTheReviewThatItReplacesWhoseverClockIsAhead() {
    assertThat(ReviewSender.timeAfter(Optional.empty(), NOW.plusNanos(999))).isEqualTo(NOW);
    assertThat(ReviewSender.timeAfter(given(NOW.minusSeconds(1)), NOW)).isEqualTo(NOW);
    assertThat(ReviewSender.timeAfter(given(NOW), NOW)).isEqualTo(NOW.plusMillis(1));
    assertThat(ReviewSender.timeAfter(given(NOW.plusSeconds(600)), NOW))
        .isEqualTo(NOW.plusSeconds(600).plusMillis(1));
  }

  @Test
  void shouldNotFollowATimeThatIsNoClocks() {
    assertThat(ReviewSender.timeAfter(given(NOW.plus(Duration.ofDays(2))), NOW)).isEqualTo(NOW);
  }
}
