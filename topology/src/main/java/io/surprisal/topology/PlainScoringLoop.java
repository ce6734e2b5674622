package io.surprisal.topology;

import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.records.ScoreRecords;
import io.surprisal.topology.serving.ServedModel;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.processor.api.Record;

/**
 * The least that exactly-once scoring takes: one thread that consumes, decodes, scores and produces
 * in transactions, with the same decoding and the same records as the topology, without Kafka
 * Streams, batches across partitions, or any answer to trouble. What the topology's throughput is
 * held against; nothing that a user would run.
 */
public final class PlainScoringLoop {
  private static final Duration POLL = Duration.ofMillis(5);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);

  private final String bootstrapServers;
  private final Topics topics;
  private final ServedModel model;
  private final String group;
  private final AtomicBoolean stopped = new AtomicBoolean();

  /**
   * @param group consumer group, and transactional id
   */
  public PlainScoringLoop(String bootstrapServers, Topics topics, ServedModel model, String group) {
    this.bootstrapServers = bootstrapServers;
    this.topics = topics;
    this.model = model;
    this.group = group;
  }

  /**
   * Scores until {@link #stop}.
   *
   * @throws Exception at the first image that cannot be scored
   */
  @SuppressWarnings("FutureReturnValueIgnored") // the commit fails where a record did
  public void run() throws Exception {
    ImageIntake intake = new ImageIntake(DecodingLimits.defaults());
    ScoreRecords records = new ScoreRecords(model);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer();
        KafkaProducer<byte[], byte[]> producer = producer()) {
      producer.initTransactions();
      consumer.subscribe(List.of(topics.images()));
      while (!stopped.get()) {
        ConsumerRecords<byte[], byte[]> images = consumer.poll(POLL);
        if (images.isEmpty()) {
          continue;
        }
        producer.beginTransaction();
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> image : images) {
          ImageIntake.Accepted accepted =
              intake.accept(
                  new Record<>(image.key(), image.value(), image.timestamp(), image.headers()),
                  model.preprocessing());
          ImageLikelihood likelihood = model.scoring().submit(accepted.pixels()).get();
          ImageScore score =
              records
                  .judge(
                      accepted.identity(),
                      accepted.decoded().repairs(),
                      new ImageLocation(image.topic(), image.partition(), image.offset()),
                      likelihood)
                  .score();
          producer.send(
              new ProducerRecord<>(
                  topics.scores(), null, image.timestamp(), image.key(), SCORES.encode(score)));
          offsets.put(
              new TopicPartition(image.topic(), image.partition()),
              new OffsetAndMetadata(image.offset() + 1));
        }
        producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
        producer.commitTransaction();
      }
    }
  }

  /** Ends the loop after the transaction at hand; from any thread. */
  public void stop() {
    stopped.set(true);
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    return new KafkaConsumer<>(
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            ConsumerConfig.GROUP_ID_CONFIG,
            group,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            "read_committed",
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            false,
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "earliest",
            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
            1000),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
            ProducerConfig.TRANSACTIONAL_ID_CONFIG, group,
            ProducerConfig.LINGER_MS_CONFIG, 5),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }
}
