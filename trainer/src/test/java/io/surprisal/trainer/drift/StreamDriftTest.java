package io.surprisal.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Images a second apart; p-values among the calibration images of a release, of all sources
 * together. All is seeded.
 */
class StreamDriftTest {
  private static final double ALERT_RATE = 0.005;
  private static final int CALIBRATION = 2000;
  private static final DriftSensitivity LASTING =
      new DriftSensitivity(1e6, 200, Duration.ofMinutes(3));

  /** As soon as any sum comes to it. */
  private static final DriftSensitivity ANY_ALARM = new DriftSensitivity(1e6, 1, Duration.ZERO);

  private final Random random = new Random(1);
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private double[] calibration = scores(0);

  private static StreamDrift fresh(DriftSensitivity sensitivity) {
    return new StreamDrift(sensitivity, ALERT_RATE, StreamDrift.State.START);
  }

  /** Scores of as many images of each of some sources, which have these means. */
  private double[] scores(double... means) {
    return IntStream.range(0, CALIBRATION)
        .mapToDouble(i -> means[i % means.length] + random.nextGaussian())
        .sorted()
        .toArray();
  }

  private double pValue(double score) {
    int index = Arrays.binarySearch(calibration, score);
    return (1.0 + CALIBRATION - (index < 0 ? -index - 1 : index)) / (CALIBRATION + 1);
  }

  private void observe(StreamDrift drift, String source, double score) {
    now = now.plusSeconds(1);
    drift.observe(source, score, pValue(score), OptionalDouble.empty(), now);
  }

  /** Rounds of an image of each of ten sources until there is a shift; one of them has changed. */
  private int roundsToShift(StreamDrift drift, int most, DoubleSupplier changed) {
    for (int round = 1; round <= most; round++) {
      for (int source = 0; source < 10; source++) {
        observe(drift, "s" + source, source == 3 ? changed.getAsDouble() : random.nextGaussian());
      }
      if (drift.shift().isPresent()) {
        return round;
      }
    }
    return Integer.MAX_VALUE;
  }

  /** By one standard deviation of its scores: within 300 of its images. */
  @ParameterizedTest
  @ValueSource(doubles = {1, -1})
  void shouldNoticeThatOneSourceOfTenHasChangedAndWhichOne(double by) {
    StreamDrift drift = fresh(LASTING);
    assertThat(roundsToShift(drift, 1100, random::nextGaussian)).isEqualTo(Integer.MAX_VALUE);
    Instant change = now;

    assertThat(roundsToShift(drift, 1000, () -> by + random.nextGaussian())).isLessThan(300);

    StreamShift shift = drift.shift().orElseThrow();
    assertThat(shift.source()).hasValue("s3");
    assertThat(shift.change())
        .isEqualTo(
            by > 0 ? CusumDetector.Change.MORE_SURPRISING : CusumDetector.Change.LESS_SURPRISING);
    assertThat(Duration.between(change, shift.since()).abs()).isLessThan(Duration.ofMinutes(20));
  }

  /** Once 256 of its images are known, before they are a thousand. */
  @Test
  void shouldNoticeAGrossChangeOfAYoungSource() {
    StreamDrift drift = fresh(LASTING);
    assertThat(roundsToShift(drift, 260, random::nextGaussian)).isEqualTo(Integer.MAX_VALUE);
    assertThat(roundsToShift(drift, 1000, () -> 3 + random.nextGaussian())).isLessThan(300);
    assertThat(drift.shift().orElseThrow().source()).hasValue("s3");
  }

  /** Five sources that have always differed, in means and in how often they send. */
  private static final double[] MEANS = {0, 1, -1, 2, 0.5};

  private static final double[] SHARES = {0.5, 0.2, 0.15, 0.1, 0.05};

  private int source() {
    double u = random.nextDouble();
    int source = 0;
    while (source < 4 && u > SHARES[source]) {
      u -= SHARES[source];
      source++;
    }
    return source;
  }

  /** As an assertion, but a million times in a second. */
  private static void requireNoShift(StreamDrift drift, int images) {
    if (drift.shift().isPresent()) {
      throw new AssertionError("after " + images + " images: " + drift.shift().get());
    }
  }

  /**
   * No shift in 10⁶ images of five sources that never change, whatever they are like, though the
   * release was calibrated on as many of each. Each of the two sums of a source exceeds ln 2·10⁶ at
   * most once in 2·10⁶ of its images, as does each of the whole: an alarm has a probability of at
   * most 0.8 by the bound, which is far from sharp; and the seed is fixed.
   */
  @Test
  void shouldTakeNoSourceThatHasAlwaysDifferedForAShift() {
    calibration = scores(MEANS);
    StreamDrift drift = fresh(ANY_ALARM);
    for (int image = 0; image < 1_000_000; image++) {
      int source = source();
      observe(drift, "s" + source, MEANS[source] + random.nextGaussian());
      requireNoShift(drift, image);
    }
  }

  /** The same where the images of a camera resemble one another: AR(1). */
  @ParameterizedTest
  @ValueSource(doubles = {0.99, 0.999})
  void shouldTakeNoSlowSourceForAShift(double rho) {
    calibration = scores(MEANS);
    StreamDrift drift = fresh(ANY_ALARM);
    double[] states = random.doubles(5).map(u -> random.nextGaussian()).toArray();
    for (int image = 0; image < 1_000_000; image++) {
      int source = source();
      states[source] = rho * states[source] + Math.sqrt(1 - rho * rho) * random.nextGaussian();
      observe(drift, "s" + source, MEANS[source] + states[source]);
      requireNoShift(drift, image);
    }
  }

  /** Its pictures are all the same, and so are their scores, in the tail as in the middle. */
  @ParameterizedTest
  @ValueSource(doubles = {2.5, -2, 0})
  void shouldNotTakeAFrozenPictureForAShift(double score) {
    StreamDrift drift = fresh(LASTING);
    assertThat(roundsToShift(drift, 1100, random::nextGaussian)).isEqualTo(Integer.MAX_VALUE);
    assertThat(roundsToShift(drift, 3000, () -> score)).isEqualTo(Integer.MAX_VALUE);
    assertThat(roundsToShift(drift, 1000, () -> 1 + random.nextGaussian()))
        .as("a change of what it sees when it moves again")
        .isLessThan(300);
  }

  /** A stream of a single camera that has always looked at one thing. */
  @Test
  void shouldNotTakeASceneThatStandsStillForAShift() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; image < 20_000; image++) {
      observe(drift, "a", 2.5);
      assertThat(drift.shift()).isEmpty();
    }
  }

  /** Three percent of anomalies that never cease, but that were not there at first. */
  @Test
  void shouldNotTakeAFewAnomaliesForAShift() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; image < 30_000; image++) {
      boolean anomalous = image > 5000 && random.nextInt(100) < 3;
      observe(drift, "a", anomalous ? 9 : random.nextGaussian());
      assertThat(drift.shift()).isEmpty();
    }
  }

  @Test
  void shouldNotTakeABurstForAShift() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; image < 8000; image++) {
      observe(drift, "a", image >= 5000 && image < 5100 ? 9 : random.nextGaussian());
      assertThat(drift.shift()).isEmpty();
    }
  }

  /** A stream that is another than what calibrated from the beginning has no other past. */
  @Test
  void shouldNoticeThatAllImagesAreNotWhatCalibrated() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; drift.shift().isEmpty(); image++) {
      assertThat(image).isLessThan(250);
      observe(drift, "a", 5 + random.nextGaussian());
    }
    assertThat(drift.shift().orElseThrow().source()).isEmpty();
  }

  @Test
  void shouldTakeAChangeOfAllSourcesForOneOfTheStream() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; image < 4000; image++) {
      observe(drift, image % 2 == 0 ? "a" : "b", random.nextGaussian());
    }
    for (int image = 0; drift.shift().isEmpty(); image++) {
      assertThat(image).isLessThan(1000);
      observe(drift, image % 2 == 0 ? "a" : "b", 2 + random.nextGaussian());
    }
    assertThat(drift.shift().orElseThrow().source()).isEmpty();
  }

  @Test
  void shouldLookAtABoundedNumberOfSources() {
    StreamDrift drift = fresh(LASTING);
    for (int image = 0; image < 10_000; image++) {
      observe(drift, "source " + image, random.nextGaussian());
    }
    assertThat(drift.state().pasts()).hasSize(StreamDrift.MOST_SOURCES);
  }

  /** A restart between any two images: state goes through the reservoir's bytes. */
  @Test
  void shouldGoOnFromItsStateAsIfItHadNeverStopped() {
    StreamDrift whole = fresh(LASTING);
    StreamDrift restarted = fresh(LASTING);
    for (int i = 0; i < 6000; i++) {
      now = now.plusSeconds(1);
      double p = pValue(random.nextGaussian() + (i < 4500 ? 0 : 1.5));
      OptionalDouble atypical = i % 5 == 0 ? OptionalDouble.empty() : OptionalDouble.of(1 - p / 2);
      whole.observe("s" + i % 3, i, p, atypical, now);
      restarted.observe("s" + i % 3, i, p, atypical, now);
      if (i % 100 == 50) {
        WatchState saved = new WatchState("release", restarted.state(), Map.of());
        restarted = new StreamDrift(LASTING, ALERT_RATE, WatchState.decode(saved.encode()).drift());
      }
      assertThat(restarted.shift()).isEqualTo(whole.shift());
    }
    assertThat(whole.shift()).isPresent();
    assertThat(restarted.state()).isEqualTo(whole.state());
  }
}
