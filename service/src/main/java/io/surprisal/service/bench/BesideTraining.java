package io.surprisal.service.bench;

import io.surprisal.handover.CommittedRecords;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.run.SidecarProcess;
import io.surprisal.service.run.TemporaryCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** What a training run in a process beside takes of a stream's throughput. */
final class BesideTraining {
  /** A run is planned first, which times networks. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Duration POLL = Duration.ofMillis(200);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);

  private final Class<?> mainClass;
  private final ServedStream stream;
  private final TemporaryCluster cluster;
  private final Topics topics;
  private final Path store;
  private final int evaluations;
  private final BooleanSupplier stop;

  /**
   * @param mainClass of the command that the training process runs
   * @param topics of the stream, with the default prefix
   * @param store where the stream's releases lie
   * @param evaluations that the release is calibrated for
   * @param stop asked again and again
   */
  BesideTraining(
      Class<?> mainClass,
      ServedStream stream,
      TemporaryCluster cluster,
      Topics topics,
      Path store,
      int evaluations,
      BooleanSupplier stop) {
    this.mainClass = mainClass;
    this.stream = stream;
    this.cluster = cluster;
    this.topics = topics;
    this.store = store;
    this.evaluations = evaluations;
    this.stop = stop;
  }

  /** Images a second without and with a training run, medians over the rounds, and their ratio. */
  record Measured(double aloneImagesPerSecond, double besideTrainingImagesPerSecond, double ratio) {
    /**
     * Sums rounds up.
     *
     * @param alone images a second of each round
     * @param beside in the same rounds
     */
    static Measured of(double[] alone, double[] beside) {
      double[] ratios = new double[alone.length];
      for (int round = 0; round < ratios.length; round++) {
        ratios[round] = beside[round] / alone[round];
      }
      return new Measured(Median.of(alone), Median.of(beside), Median.of(ratios));
    }
  }

  /**
   * Measures, without and with a training run in turn.
   *
   * @param images of a run over a backlog
   * @throws IllegalStateException if no training begins
   */
  Measured measure(int rounds, int images) throws InterruptedException {
    double[] alone = new double[rounds];
    double[] beside = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      alone[round] = stream.throughput(images);
      try (SidecarProcess trainer = trainer(round)) {
        trainer.start();
        awaitTraining("bench-" + round);
        beside[round] = stream.throughput(images);
      }
    }
    return Measured.of(alone, beside);
  }

  /** A trainer that starts a run of an hour as soon as it has read enough images. */
  private SidecarProcess trainer(int round) {
    return new SidecarProcess(
        mainClass,
        cluster.folder().resolve("trainer-" + round + ".log"),
        List.of(
            "--bootstrap-server",
            cluster.bootstrapServer(),
            "--application-id",
            "bench-" + round,
            "--instance-id",
            "bench-" + round,
            "--state-dir",
            cluster.folder().resolve("trainer-" + round).toString(),
            "--store",
            store.toString(),
            "--evaluations",
            String.valueOf(evaluations),
            "--alert-rate",
            "0.05", // so that a run needs few images
            "--held-out",
            "0.4",
            "--every",
            "1s",
            "--pause",
            "0s", // the run of the round before has failed with its trainer
            "--minutes",
            "60"));
  }

  private void awaitTraining(String member) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    TopicPartition partition = new TopicPartition(topics.trainer(), 0);
    try (KafkaConsumer<byte[], byte[]> events = CommittedRecords.consumer(cluster.clients())) {
      events.assign(List.of(partition));
      events.seekToBeginning(List.of(partition));
      while (System.nanoTime() < deadline && !stop.getAsBoolean()) {
        for (ConsumerRecord<byte[], byte[]> record : events.poll(POLL)) {
          TrainerEvent event = EVENTS.decode(record.value());
          if (event.getType() == TrainerEventType.RUN_PROGRESS
              && event.getMember().equals(member)) {
            return;
          }
        }
      }
    }
    throw new IllegalStateException(
        "no training has begun within "
            + PATIENCE.toSeconds()
            + " s; a run needs some hundred images: name more --images");
  }
}
