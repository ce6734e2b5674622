package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.PlainScoringLoop;
import io.surprisal.topology.serving.ServedModel;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/** A plain transactional consume-transform-produce loop in the stream's place, on a thread. */
final class PlainLoop implements Yardstick {
  static final String NAME = "plain loop";

  private final TemporaryCluster cluster;
  private final int partitions;
  private final ServedModel model;
  private final ImageDataset dataset;
  private final int images;
  private final BooleanSupplier stop;

  /**
   * @param partitions of the images
   * @param images of a run
   * @param stop asked again and again
   */
  PlainLoop(
      TemporaryCluster cluster,
      int partitions,
      ServedModel model,
      ImageDataset dataset,
      int images,
      BooleanSupplier stop) {
    this.cluster = cluster;
    this.partitions = partitions;
    this.model = model;
    this.dataset = dataset;
    this.images = images;
    this.stop = stop;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public double imagesPerSecond(int round, Runnable progress) throws Exception {
    String application = "plain-" + round;
    Topics topics = new Topics(application + ".");
    cluster.createTopics(topics, partitions);
    String server = cluster.bootstrapServer();
    try (OfferedLoad load = new OfferedLoad(server, topics, dataset, stop)) {
      load.publish(images);
      PlainScoringLoop loop = new PlainScoringLoop(server, topics, model, application);
      CompletableFuture<Void> ended = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  loop.run();
                  ended.complete(null);
                } catch (Exception e) {
                  ended.completeExceptionally(e);
                }
              },
              "bench-plain-loop-" + round);
      thread.start();
      try {
        return load.drain(images, progress).imagesPerSecond();
      } finally {
        loop.stop();
        ended.get();
      }
    }
  }
}
