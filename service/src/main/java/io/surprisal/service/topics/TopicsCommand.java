package io.surprisal.service.topics;

import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.topology.topics.TopicSettings;
import io.surprisal.topology.topics.TopicSetup;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Creates the topics that lack, and says what differs in those that exist. */
@Command(
    name = "topics",
    description = "Create the topics that lack, and say what differs in those that exist.")
final class TopicsCommand implements Callable<Integer> {

  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  @Option(
      names = "--partitions",
      paramLabel = "N",
      defaultValue = "" + TopicSettings.DEFAULT_PARTITIONS,
      description =
          "Partitions of the topics that grow with the images: as many stream threads can share the"
              + " work (default: ${DEFAULT-VALUE}).")
  private int partitions;

  @Option(
      names = "--max-image-bytes",
      paramLabel = "BYTES",
      defaultValue = "" + TopicSettings.DEFAULT_MAX_IMAGE_BYTES,
      description = "The largest image record, overhead included (default: ${DEFAULT-VALUE}).")
  private int maxImageBytes;

  @Option(
      names = "--replication-factor",
      paramLabel = "N",
      description = "Copies of each partition (default: the broker's).")
  private Optional<Short> replicationFactor = Optional.empty();

  @Option(names = "--dry-run", description = "Only say what lacks or differs.")
  private boolean dryRun;

  TopicsCommand(Invocation invocation) {
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() {
    List<TopicSettings> wanted = TopicSettings.all(kafka.topics(), partitions, maxImageBytes);
    try (Admin admin = kafka.connect()) {
      TopicSetup setup = new TopicSetup(admin);
      List<TopicSetup.Report> reports =
          dryRun ? setup.inspect(wanted) : setup.apply(wanted, replicationFactor);
      Table table = new Table("topic", "outcome", "differences");
      reports.forEach(
          report ->
              table.row(report.topic(), report.outcome(), String.join("; ", report.differences())));
      output.print(reports, table);
    }
    return 0;
  }
}
