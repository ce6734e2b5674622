package io.surprisal.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Sources send in turn, an image a second in all; p-values as in {@link CusumDetectorTest}. */
class StreamDriftTest {
  private static final double ALERT_RATE = 0.005;
  private static final int GRID = 200;
  private static final DriftSensitivity LASTING =
      new DriftSensitivity(1e6, 500, Duration.ofMinutes(5));

  private final Random random = new Random(1);
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  private double normal() {
    return (1 + random.nextInt(GRID)) / (double) GRID;
  }

  private double new30Percent() {
    return random.nextDouble() < 0.3 ? 1.0 / GRID : normal();
  }

  private static StreamDrift fresh(DriftSensitivity sensitivity) {
    return new StreamDrift(sensitivity, ALERT_RATE, StreamDrift.State.START);
  }

  private void observe(StreamDrift drift, String source, double pValue) {
    now = now.plusSeconds(1);
    drift.observe(source, pValue, OptionalDouble.empty(), now);
  }

  /** Images of each of ten sources until there is a shift; one of the sources has changed. */
  private int roundsToShift(StreamDrift drift, int most, DoubleSupplier changed) {
    for (int round = 1; round <= most; round++) {
      for (int source = 0; source < 10; source++) {
        observe(drift, "s" + source, source == 3 ? changed.getAsDouble() : normal());
      }
      if (drift.shift().isPresent()) {
        return round;
      }
    }
    return Integer.MAX_VALUE;
  }

  /**
   * A tenth of the images is a third new: in the whole the sum falls by 0.12 an image on average,
   * and stays near 0. That of the source rises by 0.45 to 14.5 and has lasted after 500; that it is
   * below it then, or was 0 after its first 100, has probability 1e-4 at most.
   */
  @Test
  void shouldNoticeThatOneSourceOfTenHasChangedAndWhichOne() {
    StreamDrift drift = fresh(LASTING);
    assertThat(roundsToShift(drift, 200, this::normal)).isEqualTo(Integer.MAX_VALUE);
    Instant change = now;

    assertThat(roundsToShift(drift, 1000, this::new30Percent)).isBetween(400, 620);

    StreamShift shift = drift.shift().orElseThrow();
    assertThat(shift.source()).hasValue("s3");
    assertThat(shift.change()).isEqualTo(CusumDetector.Change.MORE_SURPRISING);
    assertThat(Duration.between(change, shift.since()).abs()).isLessThan(Duration.ofMinutes(20));
  }

  /**
   * The whole has seen enough of it long before the source has: all images of one of two sources
   * alert.
   */
  @Test
  void shouldNameTheSourceTooWhereTheWholeNoticesFirst() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; drift.shift().isEmpty(); image++) {
      assertThat(image).isLessThan(1000);
      observe(drift, "new", 1.0 / GRID);
      observe(drift, "old", normal());
    }
    assertThat(drift.shift().orElseThrow().source()).hasValue("new");
    assertThat(drift.shift().orElseThrow().images()).isLessThan(300);
  }

  @Test
  void shouldTakeAChangeOfAllSourcesForOneOfTheStream() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; drift.shift().isEmpty(); image++) {
      assertThat(image).isLessThan(1000);
      observe(drift, "a", new30Percent());
      observe(drift, "b", new30Percent());
    }
    assertThat(drift.shift().orElseThrow().source()).isEmpty();
  }

  /**
   * From any image on each of the 2 · 21 sums exceeds ln 2·10⁷ with probability 5e-8 at most; those
   * of the whole see 60,000 images, those of the sources 60,000 together: an alarm has probability
   * 0.012 at most.
   */
  @Test
  void shouldRaiseNoAlarmWhileNothingChangesHoweverManySourcesThereAre() {
    StreamDrift drift = fresh(new DriftSensitivity(1e7, 1, Duration.ZERO));
    for (int image = 0; image < 60_000; image++) {
      observe(drift, "s" + random.nextInt(20), normal());
      assertThat(drift.shift()).isEmpty();
    }
  }

  @Test
  void shouldLookAtABoundedNumberOfSources() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; image < 10_000; image++) {
      observe(drift, "source " + image, normal());
    }
    assertThat(drift.state().sources()).hasSize(StreamDrift.MOST_SOURCES);
  }

  /** A restart between any two images: state goes through the reservoir's bytes. */
  @Test
  void shouldGoOnFromItsStateAsIfItHadNeverStopped() {
    double[] pValues = IntStream.range(0, 1200).mapToDouble(i -> new30Percent()).toArray();
    StreamDrift whole = fresh(LASTING);
    StreamDrift restarted = fresh(LASTING);
    for (int i = 0; i < pValues.length; i++) {
      now = now.plusSeconds(1);
      whole.observe("s" + i % 3, pValues[i], OptionalDouble.of(1 - pValues[i] / 2), now);
      restarted.observe("s" + i % 3, pValues[i], OptionalDouble.of(1 - pValues[i] / 2), now);
      if (i % 100 == 50) {
        WatchState saved = new WatchState("release", restarted.state(), Map.of());
        restarted = new StreamDrift(LASTING, ALERT_RATE, WatchState.decode(saved.encode()).drift());
      }
      assertThat(restarted.shift()).isEqualTo(whole.shift());
    }
    assertThat(whole.shift()).isPresent();
  }
}
