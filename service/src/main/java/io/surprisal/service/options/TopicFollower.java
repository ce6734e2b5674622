package io.surprisal.service.options;

import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Reads a topic's committed records, without a consumer group, and prints a line for each. A mixin
 * of the commands that do so.
 */
public final class TopicFollower {

  private static final Logger LOG = LoggerFactory.getLogger(TopicFollower.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Invocation invocation;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  @Option(
      names = "--from-beginning",
      description = "Begin with the oldest record (default: with what comes from now on).")
  private boolean fromBeginning;

  @Option(
      names = "--max",
      paramLabel = "N",
      description = "End after this many records (default: at Ctrl-C).")
  private long most = Long.MAX_VALUE;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      description = "End when nothing has come for this long, for example 10s (default: never).")
  private Optional<Duration> timeout = Optional.empty();

  public TopicFollower(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  public KafkaOptions kafka() {
    return kafka;
  }

  public Output output() {
    return output;
  }

  /** How many records the user wants at most, at least 1. */
  public long max() {
    Usage.require(command, most >= 1, "--max is " + most + ", must be at least 1");
    return most;
  }

  /**
   * Reads until the user has enough; returns the exit code.
   *
   * @param printer prints one record; where it throws, the record is reported and skipped
   */
  public int follow(String topic, Consumer<ConsumerRecord<byte[], byte[]>> printer)
      throws InterruptedException {
    long max = max();
    List<TopicPartition> partitions = kafka.partitions(topic);
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.reader()) {
      consumer.assign(partitions);
      if (fromBeginning) {
        consumer.seekToBeginning(partitions);
      } else {
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position);
      }
      LOG.info("Reading {}", topic);
      long printed = 0;
      long lastRecord = System.nanoTime();
      while (printed < max && !invocation.stop().requested() && !output.closed()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          lastRecord = System.nanoTime();
          if (printed < max && print(record, printer)) {
            printed++;
          }
        }
        long silence = System.nanoTime() - lastRecord;
        if (timeout.isPresent() && silence > timeout.get().toNanos()) {
          return 0;
        }
      }
    }
    return 0;
  }

  /** Takes records that have been read, oldest first. */
  @FunctionalInterface
  public interface Taker {

    /**
     * @param next by partition, where to go on after these
     */
    void take(
        List<ConsumerRecord<byte[], byte[]>> records, Map<TopicPartition, OffsetAndMetadata> next);
  }

  /**
   * Hands over what the topic holds now, and does not wait for more.
   *
   * @param consumer stays the caller's
   * @param beginning where to begin; {@code --from-beginning} wins
   * @param taker is given a few at a time
   */
  public void takeAll(
      String topic, KafkaConsumer<byte[], byte[]> consumer, Beginning beginning, Taker taker)
      throws InterruptedException {
    long max = max();
    List<TopicPartition> partitions = kafka.partitions(topic);
    consumer.assign(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    consumer.seekToBeginning(partitions);
    if (beginning == Beginning.WHERE_THE_GROUP_IS && !fromBeginning) {
      consumer
          .committed(Set.copyOf(partitions))
          .forEach(
              (partition, offset) -> {
                if (offset != null && offset.offset() > consumer.position(partition)) {
                  consumer.seek(partition, offset.offset());
                }
              });
    }
    long taken = 0;
    while (taken < max
        && !invocation.stop().requested()
        && ends.entrySet().stream()
            .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        if (taken < max && record.offset() < ends.getOrDefault(partition, 0L)) {
          records.add(record);
          next.put(partition, new OffsetAndMetadata(record.offset() + 1));
          taken++;
        }
      }
      if (!records.isEmpty()) {
        taker.take(records, next);
      }
    }
  }

  /** Where {@link #takeAll} begins, unless the user says otherwise. */
  public enum Beginning {
    /** With the oldest record. */
    OLDEST,
    /** Where the consumer's group has come to. */
    WHERE_THE_GROUP_IS
  }

  private static boolean print(
      ConsumerRecord<byte[], byte[]> record, Consumer<ConsumerRecord<byte[], byte[]>> printer) {
    try {
      printer.accept(record);
      return true;
    } catch (RuntimeException e) {
      LOG.warn(
          "Skipped {}-{} at offset {}", record.topic(), record.partition(), record.offset(), e);
      return false;
    }
  }
}
