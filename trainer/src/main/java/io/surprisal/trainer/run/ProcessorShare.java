package io.surprisal.trainer.run;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The share of the processors that a run takes while others want them too. It has the priority that
 * they have, so that the kernel gives it its part, and rests between two pieces of work for as long
 * as it has had more than its share: t processor seconds in all are followed by the rest of t /
 * (share · processors) seconds. So it gets about its share, whoever else is busy, as long as the
 * kernel's fair part is no less: that is its own threads' part of all that are busy.
 *
 * <p>Where nobody waits for a processor it does not rest. Whether somebody does it knows from its
 * own threads: they wait, too. But a processor that was asleep takes its time to wake up, and
 * longest where the machine is a virtual one and its host is busy: where processors had nothing to
 * do, it was not for want of them. A machine that does not say how long threads waited counts as
 * one on which somebody does.
 *
 * <p>For one thread, that of the run; work on other threads counts.
 */
public final class ProcessorShare {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessorShare.class);

  /** Less than this is not measured well: the kernel counts some of it in ticks. */
  private static final Duration SHORTEST = Duration.ofMillis(100);

  /** At least so often it is looked whether the run is to end. */
  private static final Duration LONGEST_NAP = Duration.ofMillis(200);

  /** What it has had too little of, while others took it, may be had later, but no more. */
  private static final Duration MOST_SAVED = Duration.ofSeconds(10);

  /**
   * Somebody else is busy where its threads wait for so much of the time that they run. Alone they
   * wait for each other, and for what runs now and then.
   */
  private static final double CONTENDED = 0.1;

  /** Nobody has to wait where so much of the machine had nothing to do. */
  private static final double SPARE = 0.15;

  private final double share;
  private final int processors;
  private final ProcessorTime time;
  private final LongSupplier clock;
  private final Napper napper;

  /** Rests. */
  @FunctionalInterface
  interface Napper {
    void nap(Duration time) throws InterruptedException;
  }

  private long since;
  private ProcessorTime.Reading before;

  /** What it has had above its share, processor nanoseconds; negative: less. */
  private double debt;

  /**
   * @param share of all processors, in (0, 1]; at 1 it never rests
   * @param processors of this machine, or of the container
   * @param clock nanoseconds
   */
  ProcessorShare(
      double share, int processors, ProcessorTime time, LongSupplier clock, Napper napper) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("the share is " + share + ", must be above 0, at most 1");
    }
    this.share = share;
    this.processors = processors;
    this.time = time;
    this.clock = clock;
    this.napper = napper;
    since = clock.getAsLong();
    before = time.read();
  }

  /** Of this process on this machine, from now on. */
  static ProcessorShare of(double share) {
    return new ProcessorShare(
        share,
        Runtime.getRuntime().availableProcessors(),
        ProcessorTime.ofThisProcess(),
        System::nanoTime,
        time -> Thread.sleep(time.toMillis()));
  }

  /**
   * To be called between two pieces of work; comes back when the next one may begin.
   *
   * @param stop whether the run is to end, which ends the rest
   */
  void rest(BooleanSupplier stop) {
    if (share == 1) {
      return;
    }
    long now = clock.getAsLong();
    if (now - since < SHORTEST.toNanos()) {
      return;
    }
    ProcessorTime.Reading reading = time.read();
    boolean contended =
        reading.waitedSince(before) > CONTENDED * reading.ranSince(before)
            && reading.idleSince(before) <= SPARE * processors * (now - since);
    double granted = share * processors;
    debt += reading.ranSince(before) - granted * (now - since);
    debt = contended ? Math.max(debt, -granted * MOST_SAVED.toNanos()) : Math.min(debt, 0);
    long end = now + (long) (Math.max(0, debt) / granted);
    before = reading;
    since = now;
    while (clock.getAsLong() < end && !stop.getAsBoolean()) {
      long left = Math.min(end - clock.getAsLong(), LONGEST_NAP.toNanos());
      try {
        napper.nap(Duration.ofNanos(Math.max(left, 1_000_000)));
      } catch (InterruptedException e) {
        LOG.debug("woken", e);
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
