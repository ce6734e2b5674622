package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a machine of two processors whose time the test counts. */
class ProcessorShareTest {
  private static final long SECOND = 1_000_000_000;

  private long now;
  private long ran;
  private long waited;
  private long idle;
  private long rested;

  private ProcessorShare share(double share) {
    return new ProcessorShare(
        share,
        2,
        () -> new ProcessorTime.Reading(ran, waited, idle),
        () -> now,
        time -> {
          now += time.toNanos();
          rested += time.toNanos();
        });
  }

  /** Work on two threads, of which others leave a part. */
  private void work(long wall, double part) {
    now += wall;
    ran += (long) (2 * part * wall);
    waited += (long) (2 * (1 - part) * wall);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.25, 0.4})
  void shouldGetItsShareWhileOthersAreBusy(double share) {
    ProcessorShare kept = share(share);
    for (int piece = 0; piece < 500; piece++) {
      work(SECOND / 5, 0.5);
      kept.rest(() -> false);
    }

    assertThat(ran / (2.0 * now)).isCloseTo(share, within(0.01));
  }

  /** Four others and two of its own threads: a third of the machine is all that it can get. */
  @Test
  void shouldTakeWhatItGetsWhereThatIsLess() {
    ProcessorShare kept = share(0.5);
    for (int piece = 0; piece < 500; piece++) {
      work(SECOND / 5, 1 / 3.0);
      kept.rest(() -> false);
    }

    assertThat(rested).isZero();
    assertThat(ran / (2.0 * now)).isCloseTo(1 / 3.0, within(0.01));
  }

  @Test
  void shouldNotRestWhereNobodyWaits() {
    ProcessorShare kept = share(0.1);
    for (int piece = 0; piece < 100; piece++) {
      work(SECOND / 5, 1);
      kept.rest(() -> false);
    }

    assertThat(rested).isZero();
  }

  /** One thread at work, which waits for its processor to wake up; the other one sleeps. */
  @Test
  void shouldNotRestForAProcessorThatWakesSlowly() {
    ProcessorShare kept = share(0.25);
    for (int piece = 0; piece < 100; piece++) {
      now += SECOND / 5;
      ran += SECOND / 6;
      waited += SECOND / 30;
      idle += SECOND / 5;
      kept.rest(() -> false);
    }

    assertThat(rested).isZero();
  }

  /** What it leaves while it rests others take, but for a little. */
  @Test
  void shouldKeepToItsShareThoughALittleIsLeft() {
    ProcessorShare kept = share(0.25);
    for (int piece = 0; piece < 100; piece++) {
      long began = now;
      work(SECOND / 5, 0.5);
      idle += (now - began) / 5; // a tenth of both processors
      kept.rest(() -> false);
    }

    assertThat(ran / (2.0 * now)).isCloseTo(0.25, within(0.01));
  }

  @Test
  void shouldNotPayLaterForWhatNobodyWanted() {
    ProcessorShare kept = share(0.25);
    work(100 * SECOND, 1);
    kept.rest(() -> false);
    work(SECOND, 0.5); // a second of two processors, twice its share
    kept.rest(() -> false);

    assertThat(rested).isCloseTo(SECOND, within(SECOND / 100));
  }

  @Test
  void shouldCatchUpWithTenSecondsAtMost() {
    ProcessorShare kept = share(0.25);
    work(100 * SECOND, 0.01);
    kept.rest(() -> false);
    work(19 * SECOND, 0.5); // 19 processor seconds; 9.5 are its share, 5 were saved
    kept.rest(() -> false);

    assertThat(rested).isCloseTo(9 * SECOND, within(SECOND / 10));
  }

  @Test
  void shouldTakeOthersForBusyWhereTheMachineDoesNotSay() {
    ProcessorShare kept = share(0.25);
    waited = -1;
    now += SECOND;
    ran += SECOND;
    kept.rest(() -> false);

    assertThat(rested).isCloseTo(SECOND, within(SECOND / 100));
  }

  @Test
  void shouldEndItsRestWithTheRun() {
    ProcessorShare kept = share(0.01);
    work(10 * SECOND, 0.5);
    kept.rest(() -> rested > 0);

    assertThat(Duration.ofNanos(rested)).isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void shouldReadWhatThisProcessHasTaken() {
    ProcessorTime time = ProcessorTime.ofThisProcess();
    ProcessorTime.Reading before = time.read();
    long value = 1;
    while (time.read().ranSince(before) < SECOND / 20) {
      value = value * 31 + 7;
    }

    assertThat(value).isNotZero();
    assertThat(time.read().waited()).isGreaterThanOrEqualTo(before.waited() < 0 ? -1 : 0);
    assertThat(time.read().idle()).isGreaterThanOrEqualTo(before.idle());
  }

  @Test
  void shouldRefuseWhatIsNoShare() {
    assertThatThrownBy(() -> share(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be above 0, at most 1");
  }
}
