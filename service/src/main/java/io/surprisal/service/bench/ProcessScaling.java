package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.ChildCommand;
import io.surprisal.service.run.TemporaryCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/**
 * How many images a second several processes of {@code score} reach together, each with one stream
 * thread and one worker of one thread.
 */
final class ProcessScaling {
  /** Beside that, as bin/surprisal starts {@code score}. */
  private static final List<String> ONE_WORKER =
      List.of("-Xmx1g", "-XX:ActiveProcessorCount=1", "-XX:TieredStopAtLevel=1");

  private static final Duration JOINED = Duration.ofMinutes(5);
  private static final long CHECK_MILLIS = 200;

  private final Class<?> mainClass;
  private final TemporaryCluster cluster;
  private final int partitions;
  private final Path release;
  private final int evaluations;
  private final ImageDataset dataset;
  private final BooleanSupplier stop;

  /**
   * @param mainClass of the command that the processes run
   * @param partitions of the images
   * @param release that the processes load
   * @param evaluations of the network an image
   * @param stop asked again and again
   */
  ProcessScaling(
      Class<?> mainClass,
      TemporaryCluster cluster,
      int partitions,
      Path release,
      int evaluations,
      ImageDataset dataset,
      BooleanSupplier stop) {
    this.mainClass = mainClass;
    this.cluster = cluster;
    this.partitions = partitions;
    this.release = release;
    this.evaluations = evaluations;
    this.dataset = dataset;
    this.stop = stop;
  }

  /**
   * One measurement.
   *
   * @param instances processes
   * @param timesTheFirst {@code imagesPerSecond} over that of the first measurement
   */
  record Row(int instances, double imagesPerSecond, double timesTheFirst) {}

  /**
   * Measures, one number of processes after the other.
   *
   * @param instances numbers of processes, at most the partitions each
   * @param images of each measurement
   * @param progress is told of every score
   * @throws StoppedException if it was stopped
   */
  List<Row> measure(List<Integer> instances, int images, Runnable progress) throws Exception {
    List<Row> rows = new ArrayList<>();
    for (int count : instances) {
      double rate = imagesPerSecond(rows.size(), count, images, progress);
      rows.add(new Row(count, rate, rows.isEmpty() ? 1 : rate / rows.get(0).imagesPerSecond()));
    }
    return rows;
  }

  /** Of some processes, on topics of their own. */
  private double imagesPerSecond(int round, int count, int images, Runnable progress)
      throws Exception {
    String application = "instances-" + round;
    Topics topics = new Topics(application + ".");
    List<ChildCommand> processes = new ArrayList<>();
    cluster.createTopics(topics, partitions);
    try (Admin admin = Admin.create(cluster.clients());
        OfferedLoad load = new OfferedLoad(cluster.bootstrapServer(), topics, dataset, stop)) {
      for (int i = 0; i < count; i++) {
        processes.add(score(application, cluster.folder().resolve(application + "-" + i)));
      }
      awaitMembers(admin, application, count, processes);
      load.publish(images);
      return load.drain(images, progress).imagesPerSecond();
    } finally {
      ChildCommand.closeAll(processes);
    }
  }

  private ChildCommand score(String application, Path folder) throws IOException {
    Files.createDirectories(folder);
    return ChildCommand.start(
        mainClass,
        folder.resolve("log"),
        List.of(),
        ONE_WORKER,
        List.of(
            "score",
            "--bootstrap-server",
            cluster.bootstrapServer(),
            "--topic-prefix",
            application + ".",
            "--application-id",
            application,
            "--state-dir",
            folder.resolve("state").toString(),
            "--release",
            release.toAbsolutePath().toString(),
            "--evaluations",
            String.valueOf(evaluations),
            "--threads",
            "1"));
  }

  /** All processes have joined, and every one has its share of the partitions. */
  private void awaitMembers(Admin admin, String group, int members, List<ChildCommand> processes)
      throws InterruptedException, ExecutionException, IOException {
    long deadline = System.nanoTime() + JOINED.toNanos();
    while (!joined(admin, group, members)) {
      for (ChildCommand process : processes) {
        process.requireAlive();
      }
      if (stop.getAsBoolean()) {
        throw new StoppedException();
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "%d processes did not share the partitions within %d s"
                .formatted(members, JOINED.toSeconds()));
      }
      TimeUnit.MILLISECONDS.sleep(CHECK_MILLIS);
    }
  }

  private boolean joined(Admin admin, String group, int members)
      throws InterruptedException, ExecutionException {
    try {
      ConsumerGroupDescription description =
          admin.describeConsumerGroups(List.of(group)).all().get().values().iterator().next();
      int fewest = partitions / members;
      return description.groupState() == GroupState.STABLE
          && description.members().size() == members
          && description.members().stream()
              .allMatch(m -> m.assignment().topicPartitions().size() >= fewest);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return false; // none has joined yet
      }
      throw e;
    }
  }
}
