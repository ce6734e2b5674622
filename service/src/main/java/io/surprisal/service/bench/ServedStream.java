package io.surprisal.service.bench;

import io.surprisal.handover.Trust;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.scoring.Stages;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.sources.WatchRules;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A stream on one thread that serves whichever release is announced, and the load that is offered
 * to it. Owns both; {@link #close} ends them.
 */
final class ServedStream implements AutoCloseable {
  private static final double ALERT_RATE = 0.01;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final ScoringService service;
  private final OfferedLoad load;

  /**
   * Starts; {@link #awaitRelease} tells when a release serves.
   *
   * @param topics that exist
   * @param maxDeadLetterBytes as {@link TemporaryCluster#createTopics} returns it
   * @param evaluations of the network an image
   * @param stop asked again and again
   */
  ServedStream(
      TemporaryCluster cluster,
      Topics topics,
      int maxDeadLetterBytes,
      Execution execution,
      int evaluations,
      ImageDataset dataset,
      BooleanSupplier stop)
      throws IOException {
    Scoring scoring =
        new Scoring(
            Stages.single(evaluations),
            1,
            ALERT_RATE,
            Scoring.batch(execution.devices()),
            Scoring.DEFAULT_LINGER,
            Scoring.DEFAULT_WINDOW,
            WatchRules.usual());
    service =
        ScoringService.ofAnnounced(
            release -> execution,
            execution.workers(),
            scoring,
            topics,
            cluster.streamSettings("bench-swap", 1, maxDeadLetterBytes),
            cluster.clients(),
            "bench",
            Trust.ANYBODY,
            Optional.empty());
    try {
      load = new OfferedLoad(cluster.bootstrapServer(), topics, dataset, stop);
    } catch (RuntimeException e) {
      service.close();
      throw e;
    }
  }

  /**
   * Waits until a release serves.
   *
   * @throws IllegalStateException if none does within {@link #PATIENCE}
   */
  void awaitRelease() throws InterruptedException {
    if (!service.awaitStart(PATIENCE)) {
      throw new IllegalStateException("the release does not serve; see the log above");
    }
  }

  /**
   * Images a second over a backlog.
   *
   * @param images of it
   */
  double throughput(int images) {
    load.publish(images);
    return load.drain(images, () -> {}).imagesPerSecond();
  }

  /** The load that is offered. */
  OfferedLoad load() {
    return load;
  }

  /**
   * @throws IllegalStateException if the stream has ended
   */
  void requireHealthy() {
    service
        .failure()
        .ifPresent(
            cause -> {
              throw new IllegalStateException("the stream ended", cause);
            });
  }

  @Override
  public void close() {
    try (service) {
      load.close();
    }
  }
}
