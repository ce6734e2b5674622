package io.surprisal.service.steer;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import io.surprisal.service.options.KafkaOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists the releases that were announced. */
@Command(
    name = "releases",
    description = "List the releases that were announced, the last one last.")
final class ReleasesCommand implements Callable<Integer> {
  private static final Duration POLL = Duration.ofMillis(200);

  private final RecordFormat<ReleaseAnnouncement> format =
      RecordFormat.of(ReleaseAnnouncement.class);
  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  ReleasesCommand(Invocation invocation) {
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws InterruptedException {
    List<ReleaseAnnouncement> releases = List.copyOf(read().values());
    Table table = new Table("release", "state", "announced", "held-out bits/dim", "reason");
    releases.forEach(
        release ->
            table.row(
                release.getReleaseId(),
                release.getState(),
                release.getAnnouncedAt(),
                Optional.ofNullable(release.getHeldOutBitsPerDim()).orElse(Double.NaN),
                release.getReason()));
    output.print(releases.stream().map(AvroFields::of).toList(), table);
    return 0;
  }

  /** By id, in the order of their last announcements. */
  private Map<String, ReleaseAnnouncement> read() throws InterruptedException {
    try (Admin admin = kafka.connect()) {
      kafka.maxMessageBytes(admin, kafka.topics().releases()); // or says that there is no topic
    }
    TopicPartition partition = new TopicPartition(kafka.topics().releases(), 0);
    Map<String, ReleaseAnnouncement> releases = new LinkedHashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.reader()) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = Objects.requireNonNull(consumer.endOffsets(List.of(partition)).get(partition));
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          ReleaseAnnouncement release = format.decode(record.value());
          releases.remove(release.getReleaseId());
          releases.put(release.getReleaseId(), release);
        }
      }
    }
    return releases;
  }
}
