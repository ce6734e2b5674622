package io.surprisal.service.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;

/** What swaps of releases do to the latency of a stream under a steady load. */
final class SwapLatency {
  private final ServedStream stream;
  private final AnnouncedReleases releases;
  private final Plan plan;
  private final double imagesPerSecond;
  private final int images;

  /**
   * @param releases that are swapped
   * @param throughput of the stream, images a second
   */
  SwapLatency(ServedStream stream, AnnouncedReleases releases, Plan plan, double throughput) {
    this.stream = stream;
    this.releases = releases;
    this.plan = plan;
    imagesPerSecond = plan.load() * throughput;
    images = Math.max(1, (int) (imagesPerSecond * plan.seconds()));
  }

  /**
   * What is measured.
   *
   * @param load offered, of the throughput, within (0, 1)
   * @param rounds intervals of each kind, in turn
   * @param seconds of an interval
   * @param swaps in an interval, evenly spread
   */
  record Plan(double load, int rounds, double seconds, int swaps) {}

  /**
   * What was measured.
   *
   * @param quiet in intervals without a swap
   * @param swapping in intervals with swaps
   * @param p50Ratio of the medians, with to without
   * @param p99Ratio of the 99th percentiles, with to without
   */
  record Measured(Latencies quiet, Latencies swapping, double p50Ratio, double p99Ratio) {
    static Measured of(Latencies quiet, Latencies swapping) {
      return new Measured(
          quiet, swapping, swapping.p50() / quiet.p50(), swapping.p99() / quiet.p99());
    }
  }

  /** How many images are offered in all intervals. */
  long images() {
    return 2L * plan.rounds() * images;
  }

  /**
   * Measures.
   *
   * @param progress is told of every score
   * @throws StoppedException if it was stopped
   */
  Measured measure(Runnable progress) throws Exception {
    List<double[]> quiet = new ArrayList<>();
    List<double[]> swapping = new ArrayList<>();
    for (int round = 0; round < plan.rounds(); round++) {
      quiet.add(interval(progress));
      swapping.add(whileSwapping(() -> interval(progress)));
    }
    return Measured.of(latencies(quiet), latencies(swapping));
  }

  private double[] interval(Runnable progress) {
    return stream.load().latencies(imagesPerSecond, images, progress);
  }

  /** Runs with releases announced meanwhile, on a thread that ends with it. */
  private double[] whileSwapping(Callable<double[]> interval) throws Exception {
    FutureTask<Void> swapper =
        new FutureTask<>(
            () -> {
              for (int swap = 0; swap < plan.swaps(); swap++) {
                TimeUnit.MILLISECONDS.sleep(Math.round(1000 * plan.seconds() / (plan.swaps() + 1)));
                releases.announceNext();
              }
              return null;
            });
    Thread thread = new Thread(swapper, "bench-swaps");
    thread.start();
    try {
      return interval.call();
    } finally {
      awaitEnd(swapper);
    }
  }

  private static void awaitEnd(Future<?> swapper) throws InterruptedException {
    try {
      swapper.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a release could not be announced", e.getCause());
    }
  }

  private Latencies latencies(List<double[]> intervals) {
    return Latencies.of(
        plan.load(),
        imagesPerSecond,
        intervals.stream().flatMapToDouble(DoubleStream::of).toArray());
  }
}
