package io.surprisal.trainer.reservoir;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReviewOrderTest {
  private static final ReservoirBounds BOUNDS =
      new ReservoirBounds(10, 10, 0.2, Duration.ofHours(1), 1L << 20);
  private static final ReservoirImage.Place PLACE = new ReservoirImage.Place(0, 4);
  private static final String ALERT = "0a".repeat(16);
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir private Path folder;

  @Test
  void shouldTakeLaterReviewsOfAnAlertAndNoEarlierOnesEvenAfterARestart() throws IOException {
    try (Reservoir reservoir = new Reservoir(folder, BOUNDS)) {
      ReviewOrder order = new ReviewOrder(reservoir);
      assertThat(order.takes(PLACE, ALERT, 100, START)).isTrue();
      assertThat(order.takes(PLACE, ALERT, 200, START)).isTrue();
      assertThat(order.takes(PLACE, ALERT, 100, START)).isFalse();
      assertThat(order.takes(PLACE, "0b".repeat(16), 100, START)).as("another alert").isTrue();
    }
    try (Reservoir reservoir = new Reservoir(folder, BOUNDS)) {
      ReviewOrder order = new ReviewOrder(reservoir);
      assertThat(order.takes(PLACE, ALERT, 199, START)).isFalse();
      assertThat(order.takes(PLACE, ALERT, 200, START)).as("read again").isTrue();
      assertThat(order.takes(PLACE, ALERT, 201, START)).isTrue();
    }
  }

  /** A reservoir of an earlier version has marks without numbers. */
  @Test
  void shouldTakeNothingFromBeforeAnEarlierVersionReadItsReview() throws IOException {
    try (Reservoir reservoir = new Reservoir(folder, BOUNDS)) {
      reservoir.markReviewed(PLACE, ALERT, Reservoir.Review.CONFIRMED, START);
      ReviewOrder order = new ReviewOrder(reservoir);
      assertThat(order.takes(PLACE, ALERT, START.minusMillis(1).toEpochMilli(), START)).isFalse();
      assertThat(order.takes(PLACE, ALERT, START.plusMillis(1).toEpochMilli(), START)).isTrue();
    }
  }

  @Test
  void shouldForgetWhatIsOlderThanAnyImage() throws IOException {
    try (Reservoir reservoir = new Reservoir(folder, BOUNDS)) {
      ReviewOrder order = new ReviewOrder(reservoir);
      order.takes(PLACE, ALERT, 200, START);
      reservoir.dropOld(START.plus(BOUNDS.maxAge()));
      assertThat(order.takes(PLACE, ALERT, 100, START)).isFalse();
      reservoir.dropOld(START.plus(BOUNDS.maxAge()).plusMillis(1));
      assertThat(order.takes(PLACE, ALERT, 100, START)).isTrue();
    }
  }
}
