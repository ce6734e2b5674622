package io.surprisal.service.run;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for images that lie in their topic and that nobody may read yet: behind a transaction that
 * a producer has left open for longer than transactions last. Scorers count such images as not
 * there, so that all seems well while nothing is scored (KIP-98, the last stable offset; KIP-664).
 *
 * <p>One thread looks; others may ask what was found.
 */
final class WithheldImages {
  private static final Logger LOG = LoggerFactory.getLogger(WithheldImages.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Longer than transactions may last by default. */
  static final Duration UNUSUAL = Duration.ofSeconds(70);

  /**
   * Images behind one transaction.
   *
   * @param partition where they lie
   * @param offset from which on nothing can be read
   * @param images records from there to the end
   * @param since how long it has been so, as far as this process has seen
   * @param producer who has the transaction; empty where the broker does not say
   */
  record Withheld(
      TopicPartition partition,
      long offset,
      long images,
      Duration since,
      Optional<String> producer) {

    private boolean isSame(Withheld other) {
      return partition.equals(other.partition) && offset == other.offset;
    }

    private String remedy() {
      return "end it there, or 'kafka-transactions.sh --bootstrap-server HOST:PORT abort --topic %s --partition %d --start-offset %d'"
          .formatted(partition.topic(), partition.partition(), offset);
    }

    Map<String, Object> details() {
      Map<String, Object> details = new LinkedHashMap<>();
      details.put("partition", partition.toString());
      details.put("offset", offset);
      details.put("images", images);
      details.put("seconds", since.toSeconds());
      details.put("producer", producer.orElse("unknown"));
      details.put("remedy", remedy());
      return details;
    }
  }

  private record Stop(long offset, long since) {}

  private final Admin admin;
  private final String topic;
  private final InstantSource clock;
  private final Map<TopicPartition, Stop> stops = new HashMap<>();
  private volatile List<Withheld> found = List.of();

  /**
   * @param admin stays the caller's
   * @param topic of the images
   */
  WithheldImages(Admin admin, String topic, InstantSource clock) {
    this.admin = admin;
    this.topic = topic;
    this.clock = clock;
  }

  /** What the last look found. */
  List<Withheld> found() {
    return found;
  }

  /**
   * Looks once.
   *
   * @throws ExecutionException if the broker does not answer
   */
  void look() throws ExecutionException, InterruptedException {
    List<TopicPartition> partitions = partitions();
    Map<TopicPartition, ListOffsetsResultInfo> stable =
        ends(partitions, IsolationLevel.READ_COMMITTED);
    Map<TopicPartition, ListOffsetsResultInfo> ends =
        ends(partitions, IsolationLevel.READ_UNCOMMITTED);
    long now = clock.millis();
    Map<TopicPartition, Stop> unusual = new HashMap<>();
    stops.keySet().retainAll(partitions);
    for (TopicPartition partition : partitions) {
      long offset = offset(stable, partition);
      if (offset >= offset(ends, partition)) {
        stops.remove(partition);
        continue;
      }
      Stop stop =
          stops.compute(
              partition,
              (p, before) ->
                  before != null && before.offset == offset ? before : new Stop(offset, now));
      if (now - stop.since >= UNUSUAL.toMillis()) {
        unusual.put(partition, stop);
      }
    }
    Map<TopicPartition, String> producers =
        unusual.isEmpty() ? Map.of() : producers(unusual.keySet());
    List<Withheld> before = found;
    found =
        unusual.entrySet().stream()
            .map(
                entry ->
                    new Withheld(
                        entry.getKey(),
                        entry.getValue().offset,
                        offset(ends, entry.getKey()) - entry.getValue().offset,
                        Duration.ofMillis(now - entry.getValue().since),
                        Optional.ofNullable(producers.get(entry.getKey()))))
            .sorted(Comparator.comparingInt(withheld -> withheld.partition.partition()))
            .toList();
    tell(before, found);
  }

  private static void tell(List<Withheld> before, List<Withheld> now) {
    for (Withheld withheld : now) {
      if (before.stream().noneMatch(withheld::isSame)) {
        LOG.warn(
            "{} records of {} from offset {} on cannot be read: {} has left a transaction open for {} s or more; {}",
            withheld.images,
            withheld.partition,
            withheld.offset,
            withheld.producer.orElse("a producer"),
            withheld.since.toSeconds(),
            withheld.remedy());
      }
    }
    for (Withheld withheld : before) {
      if (now.stream().noneMatch(withheld::isSame)) {
        LOG.info(
            "Records of {} from offset {} on can be read again",
            withheld.partition,
            withheld.offset);
      }
    }
  }

  private List<TopicPartition> partitions() throws ExecutionException, InterruptedException {
    List<TopicPartition> partitions = new ArrayList<>();
    for (TopicPartitionInfo partition : ImagesWatch.described(admin, topic).partitions()) {
      partitions.add(new TopicPartition(topic, partition.partition()));
    }
    return partitions;
  }

  private Map<TopicPartition, ListOffsetsResultInfo> ends(
      List<TopicPartition> partitions, IsolationLevel isolation)
      throws ExecutionException, InterruptedException {
    Map<TopicPartition, OffsetSpec> latest =
        partitions.stream()
            .collect(Collectors.toMap(Function.identity(), p -> OffsetSpec.latest()));
    return admin
        .listOffsets(latest, new ListOffsetsOptions(isolation).timeoutMs((int) PATIENCE.toMillis()))
        .all()
        .get();
  }

  private static long offset(
      Map<TopicPartition, ListOffsetsResultInfo> offsets, TopicPartition partition) {
    ListOffsetsResultInfo info = offsets.get(partition);
    return info == null ? 0 : info.offset();
  }

  /** Whose transaction is the oldest of each partition; without those that the broker hides. */
  private Map<TopicPartition, String> producers(Set<TopicPartition> partitions)
      throws InterruptedException {
    Map<TopicPartition, String> names = new HashMap<>();
    try {
      Map<TopicPartition, Long> ids = new HashMap<>();
      admin
          .describeProducers(partitions)
          .all()
          .get()
          .forEach(
              (partition, state) ->
                  state.activeProducers().stream()
                      .filter(producer -> producer.currentTransactionStartOffset().isPresent())
                      .min(
                          Comparator.comparing(
                              producer -> producer.currentTransactionStartOffset().getAsLong()))
                      .map(ProducerState::producerId)
                      .ifPresent(id -> ids.put(partition, id)));
      ids.forEach((partition, id) -> names.put(partition, "producer " + id));
      Map<Long, String> transactions =
          admin
              .listTransactions(new ListTransactionsOptions().filterProducerIds(ids.values()))
              .all()
              .get()
              .stream()
              .collect(
                  Collectors.toMap(
                      TransactionListing::producerId,
                      TransactionListing::transactionalId,
                      (one, other) -> one));
      ids.forEach(
          (partition, id) ->
              names.computeIfPresent(
                  partition,
                  (p, name) ->
                      transactions.containsKey(id)
                          ? name + " with the transactional id " + transactions.get(id)
                          : name));
    } catch (ExecutionException e) {
      LOG.debug("Whose transactions they are cannot be seen", e);
    }
    return names;
  }
}
