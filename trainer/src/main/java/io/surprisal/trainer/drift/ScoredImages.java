package io.surprisal.trainer.drift;

import io.surprisal.model.images.Interpretation;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.reservoir.IncomingImages;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirImage;
import io.surprisal.trainer.reservoir.ScoredPlaces;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads images into the reservoir, behind the scorers: each partition is read as far as {@link
 * ScoredPlaces} says, and then rests. Owns its consumer; {@link #close} ends it. For one thread,
 * but for {@link #wakeup}.
 */
final class ScoredImages {
  private static final Logger LOG = LoggerFactory.getLogger(ScoredImages.class);

  /** A partition that rests is fetched anew: once in a second, not with every score. */
  private static final Duration REST = Duration.ofSeconds(1);

  private static final Duration ASKING = Duration.ofSeconds(5);

  private final String topic;
  private final Reservoir reservoir;
  private final ScoredPlaces scored;
  private final IncomingImages incoming;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<TopicPartition, Rest> resting = new HashMap<>();

  /** By partition the offset after its last image, as far as was asked. */
  private final Map<Integer, Long> ends = new HashMap<>();

  /** No earlier than this after a question that nobody answered. */
  private Instant askAgain = Instant.MIN;

  /**
   * @param next offset of the image that waits for its score
   */
  private record Rest(long next, Instant until) {}

  ScoredImages(
      ClusterSettings cluster,
      Reservoir reservoir,
      Supplier<Interpretation> interpretation,
      Instant now) {
    topic = cluster.topics().images();
    this.reservoir = reservoir;
    scored = new ScoredPlaces(reservoir, now);
    incoming = new IncomingImages(interpretation);
    consumer =
        cluster.consumer(
            Map.of(
                ConsumerConfig.GROUP_ID_CONFIG,
                cluster.group() + "-images",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                ClusterSettings.FROM_THE_BEGINNING));
  }

  /** Partitions of a topic. */
  List<TopicPartition> partitions(String name) {
    return consumer.partitionsFor(name).stream()
        .map(found -> new TopicPartition(name, found.partition()))
        .toList();
  }

  /** Takes all partitions, those too that were added meanwhile. */
  void assign() {
    List<TopicPartition> all = partitions(topic);
    if (!consumer.assignment().containsAll(all)) {
      consumer.assign(all);
      for (TopicPartition partition : all) {
        OptionalLong position = reservoir.position(partition.partition());
        if (position.isPresent()) {
          consumer.seek(partition, position.getAsLong());
        } else {
          consumer.seekToBeginning(List.of(partition));
        }
      }
    }
  }

  /** Whether there ever was a score. */
  boolean isScored() {
    return scored.isScoring();
  }

  /** Whether scores should wait. */
  boolean full() {
    return scored.full();
  }

  /** The score of an image was read. */
  void scored(ImageLocation location, Instant now) {
    if (location.getTopic().equals(topic)
        && location.getOffset() >= 0
        && exists(location.getPartition(), location.getOffset(), now)) {
      scored.scored(new ReservoirImage.Place(location.getPartition(), location.getOffset()), now);
    }
  }

  /** A score of what never was would let images be passed over that scorers have yet to see. */
  private boolean exists(int partition, long offset, Instant now) {
    if (offset >= ends.getOrDefault(partition, 0L)
        && !now.isBefore(askAgain)
        && consumer.assignment().contains(new TopicPartition(topic, partition))) {
      try {
        consumer
            .endOffsets(consumer.assignment(), ASKING)
            .forEach((of, end) -> ends.put(of.partition(), end));
      } catch (TimeoutException e) {
        askAgain = now.plus(REST);
        LOG.warn(
            "Where the images of {} end is not known: those behind what was known are not kept, for {} s",
            topic,
            REST.toSeconds(),
            e);
      }
    }
    return offset < ends.getOrDefault(partition, 0L);
  }

  /**
   * Takes in what came, as far as it was scored.
   *
   * @param wait for what may still come, where nothing is there
   */
  void read(Instant now, Duration wait) {
    resting.entrySet().removeIf(one -> resumes(one.getKey(), one.getValue(), now));
    ConsumerRecords<byte[], byte[]> records = consumer.poll(wait);
    List<ConsumerRecord<byte[], byte[]>> due = new ArrayList<>();
    for (TopicPartition partition : records.partitions()) {
      due.addAll(due(partition, records.records(partition), now));
    }
    incoming.read(
        due,
        record -> scored.of(place(record), now) == ScoredPlaces.Answer.TAKEN,
        now,
        (images, next) -> {
          reservoir.add(images, next);
          scored.taken(images.stream().map(ReservoirImage::place).toList());
          commit(next);
        });
  }

  private boolean resumes(TopicPartition partition, Rest rest, Instant now) {
    if (now.isBefore(rest.until())
        || answer(partition, rest.next(), now) == ScoredPlaces.Answer.WAITS) {
      return false;
    }
    consumer.resume(List.of(partition));
    return true;
  }

  private ScoredPlaces.Answer answer(TopicPartition partition, long offset, Instant now) {
    return scored.of(new ReservoirImage.Place(partition.partition(), offset), now);
  }

  /** Those before the first that waits, at which the partition rests. */
  private List<ConsumerRecord<byte[], byte[]>> due(
      TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, Instant now) {
    long first = records.get(0).offset();
    if (first < reservoir.position(partition.partition()).orElse(0)) {
      LOG.warn("{} begins again at {}: its topic was made anew", partition, first);
      scored.anew(partition.partition());
      reservoir.add(List.of(), Map.of(partition.partition(), first));
    }
    for (int i = 0; i < records.size(); i++) {
      long offset = records.get(i).offset();
      if (answer(partition, offset, now) == ScoredPlaces.Answer.WAITS) {
        consumer.seek(partition, offset);
        consumer.pause(List.of(partition));
        resting.put(partition, new Rest(offset, now.plus(REST)));
        return records.subList(0, i);
      }
    }
    return records;
  }

  private static ReservoirImage.Place place(ConsumerRecord<byte[], byte[]> record) {
    return new ReservoirImage.Place(record.partition(), record.offset());
  }

  /** For whoever watches the lag of the group. */
  private void commit(Map<Integer, Long> next) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    next.forEach(
        (partition, offset) ->
            offsets.put(new TopicPartition(topic, partition), new OffsetAndMetadata(offset)));
    consumer.commitAsync(offsets, (committed, e) -> LOG.trace("committed {}", committed, e));
  }

  /** Ends a wait of its thread; from any thread. */
  void wakeup() {
    consumer.wakeup(); // a broker that is gone would be waited for
  }

  void close() {
    consumer.close();
  }
}
