package io.surprisal.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.trainer.drift.CusumDetector.Change;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;

/**
 * One image a second; p-values as of a calibration on 199 images, the fewest for the alert rate.
 */
class CusumDetectorTest {
  private static final double ALERT_RATE = 0.005;
  private static final int GRID = 200;

  private static final DriftSensitivity ANY_ALARM = new DriftSensitivity(1e7, 1, Duration.ZERO);
  private static final DriftSensitivity LASTING =
      new DriftSensitivity(1e6, 500, Duration.ofMinutes(5));

  private final Random random = new Random(1);
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  /** Of an image like those of the calibration. */
  private double normal() {
    return (1 + random.nextInt(GRID)) / (double) GRID;
  }

  private void observe(CusumDetector detector, double pValue) {
    now = now.plusSeconds(1);
    detector.observe(evidence(pValue, OptionalDouble.empty(), GRID - 1), 1, now);
  }

  /** Of p-values among n calibration images. */
  private static CusumDetector.Evidence evidence(double pValue, OptionalDouble atypical, int n) {
    return new CusumDetector.Evidence(
        pValue,
        Math.max(1 - pValue, ALERT_RATE / 2),
        atypical,
        CusumDetector.USUAL_KAPPA,
        CusumDetector.kappaOfUntypical(n));
  }

  private static CusumDetector detector(DriftSensitivity sensitivity) {
    return new CusumDetector(sensitivity, CusumDetector.State.START);
  }

  private int imagesToShift(CusumDetector detector, int most, DoubleSupplier pValues) {
    for (int image = 1; image <= most; image++) {
      observe(detector, pValues.getAsDouble());
      if (detector.shift().isPresent()) {
        return image;
      }
    }
    return Integer.MAX_VALUE;
  }

  /**
   * From any image on, the likelihood ratio exceeds e^h = 10⁷ with probability 10⁻⁷ at most; two
   * sums over 100,000 images: an alarm has probability 0.02 at most.
   */
  @Test
  void shouldRaiseNoAlarmWhileNothingChanges() {
    assertThat(imagesToShift(detector(ANY_ALARM), 100_000, random::nextDouble))
        .isEqualTo(Integer.MAX_VALUE);
  }

  /** As above: scores have p-values on a grid, whose end at 1 is as likely as any other value. */
  @Test
  void shouldRaiseNoAlarmWhilePValuesOnAGridDoNotChange() {
    assertThat(imagesToShift(detector(ANY_ALARM), 100_000, this::normal))
        .isEqualTo(Integer.MAX_VALUE);
  }

  /**
   * Two sums of 200 images between alarms each give one of 100 at least (Lorden 1971). The mean of
   * 400 waiting times, nearly exponential, has a standard error of 5 %: it is below 75 with
   * probability 4e-7 at most. A test that hardly ever alarms would not be one.
   */
  @Test
  void shouldRaiseFalseAlarmsNoOftenerThanItIsSetTo() {
    DriftSensitivity often = new DriftSensitivity(200, 1, Duration.ZERO);
    assertThat(meanImagesToShift(often, this::normal)).isBetween(75.0, 2000.0);
    assertThat(meanImagesToShift(often, random::nextDouble)).isBetween(75.0, 2000.0);
  }

  private double meanImagesToShift(DriftSensitivity sensitivity, DoubleSupplier pValues) {
    return random
        .ints(400, 0, 1)
        .map(i -> imagesToShift(detector(sensitivity), 1_000_000, pValues))
        .average()
        .orElseThrow();
  }

  /**
   * A sum rises by 0.45 an image on average and its variance by 1.1: it reaches h = 13.8 after 31,
   * and would be below it after 500, or at 0 after its first 100, with probability 1e-4 at most.
   */
  @Test
  void shouldNoticeThatThirtyPercentOfTheImagesAreNew() {
    CusumDetector detector = detector(LASTING);
    imagesToShift(detector, 1000, this::normal);
    Instant change = now;
    int images =
        imagesToShift(detector, 1000, () -> random.nextDouble() < 0.3 ? 1.0 / GRID : normal());
    assertThat(images).isBetween(400, 600);
    CusumDetector.Shift shift = detector.shift().orElseThrow();
    assertThat(shift.change()).isEqualTo(Change.MORE_SURPRISING);
    assertThat(shift.images()).isGreaterThanOrEqualTo(500);
    assertThat(Duration.between(change, shift.since()).abs()).isLessThan(Duration.ofMinutes(2));
  }

  /**
   * After the burst the sum stands at 2h = 27.6 and falls by 0.19 an image, to 0 after 143 on
   * average: that it does not for 300 has probability 2e-4.
   */
  @Test
  void shouldNotTakeABurstOfAnomaliesForAShift() {
    CusumDetector detector = detector(LASTING);
    assertThat(imagesToShift(detector, 200, () -> 1.0 / GRID)).isEqualTo(Integer.MAX_VALUE);
    assertThat(imagesToShift(detector, 5000, this::normal)).isEqualTo(Integer.MAX_VALUE);
  }

  /**
   * A sum rises by 0.4 an image, or by 1.6 where no image is as surprising as the calibration's.
   */
  @Test
  void shouldNoticeImagesThatSurpriseLess() {
    CusumDetector lower = detector(LASTING);
    assertThat(imagesToShift(lower, 2000, () -> 1 - 0.3 * random.nextDouble())).isBetween(500, 700);
    assertThat(lower.shift().orElseThrow().change()).isEqualTo(Change.LESS_SURPRISING);
    CusumDetector lowest = detector(LASTING);
    assertThat(imagesToShift(lowest, 2000, () -> 1)).isEqualTo(500);
    assertThat(lowest.shift().orElseThrow().change()).isEqualTo(Change.LESS_SURPRISING);
  }

  /** Bits/dim as ever, the profile of the errors not: a sum rises by 0.4 an image. */
  @Test
  void shouldNoticeImagesThatAreLessTypical() {
    CusumDetector detector = detector(LASTING);
    for (int image = 0; image < 700; image++) {
      now = now.plusSeconds(1);
      detector.observe(
          evidence(normal(), OptionalDouble.of(0.3 * (1 - random.nextDouble())), GRID - 1), 1, now);
    }
    assertThat(detector.shift().orElseThrow().change()).isEqualTo(Change.LESS_TYPICAL);
    assertThat(detector.alarm(Change.MORE_SURPRISING)).isEmpty();
    assertThat(detector.alarm(Change.LESS_SURPRISING)).isEmpty();
  }

  /** What an earlier version saved knows two sums. */
  @Test
  void shouldGoOnFromAStateWithoutTypicality() {
    CusumDetector.State saved =
        new CusumDetector.State(CusumDetector.Sum.ZERO, CusumDetector.Sum.ZERO, null, 7);
    CusumDetector detector = new CusumDetector(LASTING, saved);
    detector.observe(evidence(0.5, OptionalDouble.of(0.001), GRID - 1), 1, now);
    assertThat(detector.state().untypical().images()).isEqualTo(1);
  }

  /** p-values among n calibration images whose quantiles are as wrong as n make them. */
  private DoubleSupplier calibrated(int n, DoubleSupplier uniform) {
    double[] calibration = random.doubles(n).sorted().toArray();
    return () -> {
      int at = Arrays.binarySearch(calibration, uniform.getAsDouble());
      return (1.0 - at - 1) / (n + 1);
    };
  }

  private int imagesToShift(
      CusumDetector detector,
      int most,
      DoubleSupplier likely,
      DoubleSupplier typical,
      int calibration) {
    for (int image = 1; image <= most; image++) {
      now = now.plusSeconds(1);
      detector.observe(
          evidence(likely.getAsDouble(), OptionalDouble.of(typical.getAsDouble()), calibration),
          1,
          now);
      if (detector.shift().isPresent()) {
        return image;
      }
    }
    return Integer.MAX_VALUE;
  }

  /**
   * A tenth of the images less typical than all but 2 % of the calibration's: the mean of −ln p is
   * 1.4. With 900 calibration images a sum rises by 0.07 an image and its variance by 0.1: it is at
   * h = 13.8 after 200, and would be below it after 700 with probability 1e-5.
   */
  @Test
  void shouldNoticeSmallChangesOfTypicalityWhereTheCalibrationIsLarge() {
    CusumDetector detector = detector(LASTING);
    DoubleSupplier tenthNew =
        calibrated(900, () -> random.nextDouble() * (random.nextInt(10) == 0 ? 0.02 : 1));
    assertThat(imagesToShift(detector, 2000, calibrated(900, random::nextDouble), tenthNew, 900))
        .isBetween(490, 900);
    assertThat(detector.shift().orElseThrow().change()).isEqualTo(Change.LESS_TYPICAL);
    CusumDetector coarse = detector(LASTING);
    DoubleSupplier onFewer =
        calibrated(199, () -> random.nextDouble() * (random.nextInt(20) == 0 ? 0.02 : 1));
    assertThat(imagesToShift(coarse, 5000, calibrated(199, random::nextDouble), onFewer, 199))
        .isEqualTo(Integer.MAX_VALUE);
  }

  /**
   * Three percent of the images surprise more than any of 900 calibration images, for good: the
   * mean of −ln p is 1.17, a sum falls by 0.1 an image, with a variance of 0.5 each. It comes to h
   * = 13.8 from time to time; that it has not been 0 for 500 images has probability 1e-4.
   */
  @Test
  void shouldNotTakeAFewAnomaliesThatNeverCeaseForAShift() {
    CusumDetector detector = detector(LASTING);
    DoubleSupplier normal = calibrated(900, random::nextDouble);
    assertThat(
            imagesToShift(
                detector, 20_000, () -> random.nextInt(100) < 3 ? 1.0 / 901 : normal.getAsDouble()))
        .isEqualTo(Integer.MAX_VALUE);
  }

  /**
   * Forty calibrations, 5,000 normal images each: a sum would have to rise where the calibration is
   * wrong by more than four standard deviations, which one of 120 is with probability 0.4 %; else
   * an alarm has probability 0.12 at h = 13.8 and 600,000 sums' images, and does not last.
   */
  @Test
  void shouldNotTakeAnErrorOfTheCalibrationForAShift() {
    for (int n : new int[] {199, 400, 900, 2000}) {
      for (int calibration = 0; calibration < 10; calibration++) {
        CusumDetector detector = detector(LASTING);
        assertThat(imagesToShift(detector, 5000, calibrated(n, random::nextDouble)))
            .as("with %d calibration images", n)
            .isEqualTo(Integer.MAX_VALUE);
      }
    }
  }

  /** As after a burst under few calibration images. */
  @Test
  void shouldNotTakeABurstForAShiftWhereTheCalibrationIsLarge() {
    CusumDetector detector = detector(LASTING);
    assertThat(imagesToShift(detector, 200, () -> 1.0 / 2001)).isEqualTo(Integer.MAX_VALUE);
    assertThat(imagesToShift(detector, 5000, calibrated(2000, random::nextDouble)))
        .isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void shouldWaitUntilAChangeHasLastedInTimeAsWellAsInImages() {
    CusumDetector detector = detector(LASTING);
    CusumDetector.Evidence strong = evidence(0.01, OptionalDouble.empty(), GRID - 1);
    for (int image = 0; image < 2000; image++) {
      detector.observe(strong, 1, now);
    }
    assertThat(detector.shift()).isEmpty(); // many images, no time
    detector.observe(strong, 1, now.plus(LASTING.time()).minusMillis(1));
    assertThat(detector.shift()).isEmpty();
    detector.observe(strong, 1, now.plus(LASTING.time()));
    assertThat(detector.shift())
        .hasValue(new CusumDetector.Shift(Change.MORE_SURPRISING, now, 2002));
    CusumDetector few = detector(LASTING);
    for (int image = 0; image < 499; image++) {
      few.observe(strong, 1, now.plus(Duration.ofHours(image)));
    }
    assertThat(few.shift()).isEmpty(); // much time, too few images
    few.observe(strong, 3, now.plus(Duration.ofHours(499))); // of which it is one
    assertThat(few.shift().orElseThrow().images()).isEqualTo(502);
  }

  @Test
  void shouldSayWhetherAnythingStirs() {
    CusumDetector detector = detector(LASTING);
    assertThat(detector.isQuiet()).isTrue();
    for (int image = 0; image < 10; image++) {
      observe(detector, 1.0 / GRID);
    }
    assertThat(detector.isQuiet()).isFalse();
  }
}
