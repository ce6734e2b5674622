package io.surprisal.service.options;

import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.Progress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The committed records that topics hold at this moment, from their beginnings; what comes later is
 * not waited for. Records of no known form are reported and skipped, deleted ones are none.
 */
public final class HeldRecords {
  private static final Logger LOG = LoggerFactory.getLogger(HeldRecords.class);
  private static final RecordFormat<AlertReview> REVIEWS = RecordFormat.of(AlertReview.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Invocation invocation;
  private final KafkaOptions kafka;

  public HeldRecords(Invocation invocation, KafkaOptions kafka) {
    this.invocation = invocation;
    this.kafka = kafka;
  }

  /** Of each alert the {@link ReviewTrust#last last} review that counts. */
  public CountedReviews reviews(ReviewTrust trust) throws InterruptedException {
    Map<String, AlertReview> reviews = new LinkedHashMap<>();
    long[] others = new long[1];
    each(
        kafka.topics().reviews(),
        record -> {
          decoded(record, REVIEWS)
              .ifPresent(
                  review -> {
                    if (!trust.counts(record)) {
                      others[0]++;
                    } else {
                      reviews.merge(review.getAlertId(), review, trust::last);
                    }
                  });
          return true;
        });
    return new CountedReviews(reviews, others[0]);
  }

  /**
   * The last record of each key of a compacted topic, in the order of these; a key whose last has
   * no value is left out. At Ctrl-C it ends early.
   *
   * @throws io.surprisal.service.cli.MissingDependencyException if there is no such topic
   */
  public <T extends SpecificRecord> Map<String, T> last(String topic, RecordFormat<T> format)
      throws InterruptedException {
    Map<String, T> last = new LinkedHashMap<>();
    each(
        topic,
        record -> {
          String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
          if (record.value() == null) {
            last.remove(key);
          }
          decoded(record, format)
              .ifPresent(
                  value -> {
                    last.remove(key); // so that the order is that of the last ones
                    last.put(key, value);
                  });
          return true;
        });
    return last;
  }

  /**
   * Reads a topic; at Ctrl-C it ends early.
   *
   * @param reader is told of each record, those of a partition in their order, and says whether it
   *     wants more
   * @throws io.surprisal.service.cli.MissingDependencyException if there is no such topic
   */
  public <T extends SpecificRecord> void read(
      String topic, RecordFormat<T> format, Predicate<T> reader) throws InterruptedException {
    each(topic, record -> decoded(record, format).map(reader::test).orElse(true));
  }

  private void each(String topic, Predicate<ConsumerRecord<byte[], byte[]>> reader)
      throws InterruptedException {
    List<TopicPartition> partitions = kafka.partitions(topic);
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.reader()) {
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long begin = sum(consumer.beginningOffsets(partitions));
      consumer.seekToBeginning(partitions);
      try (Progress progress = invocation.progress("read " + topic, sum(ends) - begin, "records")) {
        while (!invocation.stop().requested()
            && ends.entrySet().stream()
                .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
            if (!reader.test(record)) {
              return;
            }
          }
          progress.stepTo(partitions.stream().mapToLong(consumer::position).sum() - begin);
        }
      }
    }
  }

  private static long sum(Map<TopicPartition, Long> offsets) {
    return offsets.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Empty where there is no value, or none that can be read. */
  private static <T extends SpecificRecord> Optional<T> decoded(
      ConsumerRecord<byte[], byte[]> record, RecordFormat<T> format) {
    if (record.value() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(format.decode(record.value()));
    } catch (RecordFormatException e) {
      LOG.warn(
          "Skipped {}-{} at offset {}", record.topic(), record.partition(), record.offset(), e);
      return Optional.empty();
    }
  }
}
