package io.surprisal.topology.serving;

import ai.djl.Device;
import io.surprisal.model.scoring.Stages;
import io.surprisal.topology.sources.WatchRules;
import java.time.Duration;
import java.util.List;

/**
 * How images are scored.
 *
 * @param stages of the evaluations; several of them stop an image once its verdict is certain
 * @param certainty how many standard deviations from the threshold make a verdict certain
 * @param alertRate share of normal images to alert on, in (0, 1)
 * @param batch most images of a batch
 * @param linger how long the first image of a batch waits for others
 * @param window of event time that statistics are told of
 * @param sources when a source makes no sense any more
 */
public record Scoring(
    Stages stages,
    double certainty,
    double alertRate,
    int batch,
    Duration linger,
    Duration window,
    WatchRules sources) {
  public static final int CPU_BATCH = 4;

  /** On an H100 32 and 256 gave 0.9 and 0.8 of the throughput. */
  public static final int GPU_BATCH = 64;

  /** Of statistics, unless configured. */
  public static final Duration DEFAULT_WINDOW = Duration.ofMinutes(1);

  public static final Duration DEFAULT_LINGER = Duration.ofMillis(5);

  /** Most images of a batch that these devices want. */
  public static int batch(List<Device> devices) {
    return devices.stream().anyMatch(Device::isGpu) ? GPU_BATCH : CPU_BATCH;
  }

  /** All evaluations at once, in batches of the size that the devices want. */
  public static Scoring simple(int evaluations, double alertRate, List<Device> devices) {
    return new Scoring(
        Stages.single(evaluations),
        3,
        alertRate,
        batch(devices),
        DEFAULT_LINGER,
        DEFAULT_WINDOW,
        WatchRules.usual());
  }
}
