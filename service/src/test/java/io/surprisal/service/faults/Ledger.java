package io.surprisal.service.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What a cluster holds of a stream of images, as its committed records say.
 *
 * @param images in the order of their offsets in each partition, as the other records are
 * @param imageEnds where each partition of the images ends: the offset of the next image
 * @param groupOffsets what the scorers' group has committed; a partition of which it has not is
 *     missing
 * @param openTransactions for each partition with a transaction that has not ended, where the first
 *     such begins: nobody sees yet what lies behind
 */
public record Ledger(
    List<ConsumerRecord<byte[], byte[]>> images,
    List<ConsumerRecord<byte[], byte[]>> scores,
    List<ConsumerRecord<byte[], byte[]>> alerts,
    List<ConsumerRecord<byte[], byte[]>> deadLetters,
    Map<Integer, Long> imageEnds,
    Map<Integer, Long> groupOffsets,
    List<Place> openTransactions) {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(100);

  /**
   * Reads all of it with plain clients.
   *
   * @param servers {@code host:port} of one or more brokers, comma-separated
   * @param prefix of the topics
   * @param group of the scorers
   * @throws IllegalStateException if the topics cannot be read to their ends within a minute
   */
  public static Ledger read(String servers, String prefix, String group)
      throws ExecutionException, InterruptedException {
    String images = prefix + "images";
    String scores = prefix + "scores";
    String alerts = prefix + "alerts";
    String deadLetters = prefix + "dead-letters";
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      Set<TopicPartition> partitions =
          partitions(admin, List.of(images, scores, alerts, deadLetters));
      Map<TopicPartition, Long> ends = ends(admin, partitions, IsolationLevel.READ_UNCOMMITTED);
      Map<TopicPartition, Long> stable = ends(admin, partitions, IsolationLevel.READ_COMMITTED);
      Map<String, List<ConsumerRecord<byte[], byte[]>>> records = records(servers, stable);
      return new Ledger(
          records.getOrDefault(images, List.of()),
          records.getOrDefault(scores, List.of()),
          records.getOrDefault(alerts, List.of()),
          records.getOrDefault(deadLetters, List.of()),
          byPartition(ends, images),
          byPartition(groupOffsets(admin, group), images),
          stable.entrySet().stream()
              .filter(end -> end.getValue() < ends.get(end.getKey()))
              .map(end -> new Place(end.getKey().topic(), end.getKey().partition(), end.getValue()))
              .sorted()
              .toList());
    }
  }

  private static Set<TopicPartition> partitions(Admin admin, List<String> topics)
      throws ExecutionException, InterruptedException {
    Set<TopicPartition> partitions = new HashSet<>();
    admin
        .describeTopics(topics)
        .allTopicNames()
        .get()
        .forEach(
            (topic, description) ->
                description
                    .partitions()
                    .forEach(at -> partitions.add(new TopicPartition(topic, at.partition()))));
    return partitions;
  }

  private static Map<TopicPartition, Long> ends(
      Admin admin, Set<TopicPartition> partitions, IsolationLevel isolation)
      throws ExecutionException, InterruptedException {
    Map<TopicPartition, OffsetSpec> latest =
        partitions.stream().collect(Collectors.toMap(at -> at, at -> OffsetSpec.latest()));
    Map<TopicPartition, Long> ends = new HashMap<>();
    admin
        .listOffsets(latest, new ListOffsetsOptions(isolation))
        .all()
        .get()
        .forEach((partition, end) -> ends.put(partition, end.offset()));
    return ends;
  }

  /** The committed records of each topic. */
  private static Map<String, List<ConsumerRecord<byte[], byte[]>>> records(
      String servers, Map<TopicPartition, Long> ends) {
    Map<String, List<ConsumerRecord<byte[], byte[]>>> records = new HashMap<>();
    try (Consumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers", servers,
                "isolation.level", "read_committed",
                "auto.offset.reset", "none"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(ends.keySet());
      consumer.seekToBeginning(ends.keySet());
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      // The position also passes aborted records and the transactions' markers.
      while (ends.keySet().stream().anyMatch(at -> consumer.position(at) < ends.get(at))) {
        if (System.nanoTime() > deadline) {
          throw new IllegalStateException(
              "the topics could not be read to their ends within " + PATIENCE.toSeconds() + " s");
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          records.computeIfAbsent(record.topic(), none -> new ArrayList<>()).add(record);
        }
      }
    }
    return records;
  }

  private static Map<TopicPartition, Long> groupOffsets(Admin admin, String group)
      throws ExecutionException, InterruptedException {
    Map<TopicPartition, Long> offsets = new HashMap<>();
    admin
        .listConsumerGroupOffsets(group)
        .partitionsToOffsetAndMetadata()
        .get()
        .forEach(
            (partition, offset) -> {
              if (offset != null) {
                offsets.put(partition, offset.offset());
              }
            });
    return offsets;
  }

  private static Map<Integer, Long> byPartition(Map<TopicPartition, Long> offsets, String topic) {
    Map<Integer, Long> byPartition = new TreeMap<>();
    offsets.forEach(
        (partition, offset) -> {
          if (partition.topic().equals(topic)) {
            byPartition.put(partition.partition(), offset);
          }
        });
    return byPartition;
  }

  /** Where the images lie. */
  public List<Place> imagePlaces() {
    return images.stream().map(Place::of).toList();
  }
}
