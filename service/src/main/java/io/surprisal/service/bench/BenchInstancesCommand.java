package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.ChildCommand;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Progress;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.ReleaseAndImages;
import io.surprisal.service.run.TemporaryCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code surprisal bench instances}: what further processes of {@code score} bring. */
@Command(
    name = "instances",
    description = {
      "Starts processes of score against an embedded broker, each with one stream thread and one",
      "worker of one thread, and measures how many images a second they score together."
    })
final class BenchInstancesCommand implements Callable<Integer> {
  /** Beside that, as bin/surprisal starts {@code score}. */
  private static final List<String> ONE_WORKER =
      List.of("-Xmx1g", "-XX:ActiveProcessorCount=1", "-XX:TieredStopAtLevel=1");

  private static final Duration JOINED = Duration.ofMinutes(5);
  private static final long CHECK_MILLIS = 200;

  private final Invocation invocation;

  @Spec private CommandSpec spec;

  @Mixin private final ReleaseAndImages measured = new ReleaseAndImages();

  @Option(
      names = "--instances",
      split = ",",
      defaultValue = "1,2",
      paramLabel = "N",
      description = "How many processes, one measurement each. Default: 1,2.")
  private List<Integer> instances;

  @Option(
      names = "--images",
      defaultValue = "1000",
      paramLabel = "N",
      description = "Images of a measurement. Default: 1000.")
  private int images;

  @Option(
      names = "--evaluations",
      defaultValue = "8",
      paramLabel = "K",
      description = "Evaluations of the network an image. Default: 8.")
  private int evaluations;

  @Option(
      names = "--partitions",
      defaultValue = "4",
      paramLabel = "N",
      description = "Partitions of the images. Default: 4.")
  private int partitions;

  @Mixin private final Output output;

  BenchInstancesCommand(Invocation invocation) {
    this.invocation = invocation;
    this.output = new Output(invocation);
  }

  /** One measurement. */
  private record Row(int instances, double imagesPerSecond, double timesTheFirst) {}

  private record Result(
      Machine machine, int evaluations, int partitions, int images, List<Row> rows) {}

  @Override
  public Integer call() throws Exception {
    require(images >= 100, "--images must be at least 100, not " + images);
    require(evaluations >= 1, "--evaluations must be at least 1, not " + evaluations);
    require(partitions >= 1 && partitions <= 64, "--partitions must be 1 to 64, not " + partitions);
    require(
        instances.stream().allMatch(n -> n >= 1 && n <= partitions),
        "--instances must be 1 to the %d partitions each, not %s".formatted(partitions, instances));
    Release loaded = measured.release();
    ImageDataset dataset = measured.imagesFor(loaded);
    List<Row> rows = new ArrayList<>();
    long total = (long) images * instances.size();
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-bench");
        Progress progress = invocation.progress("bench", total, "images")) {
      for (int n : instances) {
        double rate = measure(cluster, dataset, rows.size(), n, progress);
        rows.add(new Row(n, rate, rows.isEmpty() ? 1 : rate / rows.get(0).imagesPerSecond()));
      }
    }
    Table table = new Table("processes", "images/s", "times the first");
    rows.forEach(row -> table.row(row.instances(), row.imagesPerSecond(), row.timesTheFirst()));
    output.print(new Result(Machine.here(), evaluations, partitions, images, rows), table);
    return 0;
  }

  /** Images a second of some processes, on topics of their own. */
  private double measure(
      TemporaryCluster cluster, ImageDataset dataset, int round, int count, Progress progress)
      throws Exception {
    String application = "instances-" + round;
    Topics topics = new Topics(application + ".");
    List<ChildCommand> processes = new ArrayList<>();
    cluster.createTopics(topics, partitions);
    String server = cluster.bootstrapServer();
    try (Admin admin = Admin.create(cluster.clients())) {
      try (StreamBench bench =
          new StreamBench(server, topics, dataset, invocation.stop()::requested)) {
        for (int i = 0; i < count; i++) {
          processes.add(
              score(server, application, cluster.folder().resolve(application + "-" + i)));
        }
        awaitMembers(admin, application, count, processes);
        bench.publish(images);
        return bench.drain(images, progress::step).imagesPerSecond();
      }
    } finally {
      ChildCommand.closeAll(processes);
    }
  }

  private ChildCommand score(String server, String application, Path folder) throws IOException {
    Files.createDirectories(folder);
    return ChildCommand.start(
        invocation,
        folder.resolve("log"),
        List.of(),
        ONE_WORKER,
        List.of(
            "score",
            "--bootstrap-server",
            server,
            "--topic-prefix",
            application + ".",
            "--application-id",
            application,
            "--state-dir",
            folder.resolve("state").toString(),
            "--release",
            measured.releaseFile().toAbsolutePath().toString(),
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
      if (invocation.stop().requested()) {
        throw new IllegalStateException("stopped before the measurement was done");
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
          admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
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

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }
}
