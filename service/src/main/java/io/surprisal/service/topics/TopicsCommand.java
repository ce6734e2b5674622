package io.surprisal.service.topics;

import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.topology.topics.TopicSettings;
import io.surprisal.topology.topics.TopicSetup;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Creates the topics that lack, and says what differs in those that exist; lets these take larger
 * images where it is told to.
 */
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
      defaultValue = "" + ImageSizeLimit.DEFAULT_BYTES,
      description =
          "The largest image, as the file that it is or as raw pixels (default: ${DEFAULT-VALUE}).")
  private int maxImageBytes;

  @Option(
      names = "--raise-limits",
      description =
          "Let topics that exist take images so large too; none takes smaller ones afterwards, and"
              + " nothing else is changed.")
  private boolean raiseLimits;

  @Option(
      names = "--uncompress",
      description =
          "Let topics that exist keep no record compressed, as new ones do: brokers then measure"
              + " what a record holds, and refuse what no memory takes; nothing else is changed.")
  private boolean uncompress;

  @Option(
      names = "--replication-factor",
      paramLabel = "N",
      description = "Copies of each partition (default: the broker's).")
  private Optional<Short> replicationFactor = Optional.empty();

  @Option(names = "--dry-run", description = "Only say what lacks or differs.")
  private boolean dryRun;

  private final Invocation invocation;
  @Spec private CommandSpec spec;

  TopicsCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() {
    Usage.require(
        spec,
        maxImageBytes >= 1 && maxImageBytes <= ImageSizeLimit.MOST_BYTES,
        "--max-image-bytes is "
            + maxImageBytes
            + ", must be 1 to "
            + ImageSizeLimit.MOST_BYTES
            + ": brokers take no larger requests than 100 MiB");
    Usage.require(
        spec,
        !(dryRun && (raiseLimits || uncompress)),
        (raiseLimits ? "--raise-limits" : "--uncompress")
            + " changes topics and --dry-run does not, leave out one of them");
    List<TopicSettings> wanted =
        TopicSettings.all(kafka.topics(), partitions, new ImageSizeLimit(maxImageBytes));
    try (Admin admin = kafka.connect()) {
      TopicSetup setup = new TopicSetup(admin);
      List<TopicSetup.Report> reports =
          dryRun ? setup.inspect(wanted) : setup.apply(wanted, replicationFactor);
      if (raiseLimits) {
        reports = setup.raiseLimits(wanted, reports);
      }
      if (uncompress) {
        reports = setup.uncompress(reports);
      }
      Table table = new Table("topic", "outcome", "differences");
      reports.forEach(
          report ->
              table.row(report.topic(), report.outcome(), String.join("; ", report.differences())));
      output.print(reports, table);
      sayHowToRaise(reports);
      sayHowToMeasure(reports);
    }
    return 0;
  }

  private void sayHowToMeasure(List<TopicSetup.Report> reports) {
    List<String> unmeasured =
        reports.stream()
            .filter(TopicSetup.Report::unmeasured)
            .map(TopicSetup.Report::topic)
            .toList();
    if (!unmeasured.isEmpty()) {
      invocation
          .err()
          .println(
              "surprisal topics: a compressed record of %s may hold more than any memory takes; the same command with --uncompress lets the broker measure it"
                  .formatted(String.join(", ", unmeasured)));
    }
  }

  private void sayHowToRaise(List<TopicSetup.Report> reports) {
    List<String> tooSmall =
        reports.stream().filter(TopicSetup.Report::tooSmall).map(TopicSetup.Report::topic).toList();
    if (!tooSmall.isEmpty()) {
      invocation
          .err()
          .println(
              "surprisal topics: not every image of %d bytes fits in %s; the same command with --raise-limits raises max.message.bytes there"
                  .formatted(maxImageBytes, String.join(", ", tooSmall)));
    }
  }
}
