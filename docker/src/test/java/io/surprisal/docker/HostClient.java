package io.surprisal.docker;

import io.surprisal.model.camera.CameraFrame;
import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.faults.Ledger;
import io.surprisal.service.faults.Verifier;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * An ordinary Kafka client on the host, beside the containers. Not thread-safe; closes its clients.
 */
final class HostClient implements AutoCloseable {
  private static final RecordFormat<ImageEvent> IMAGES = RecordFormat.of(ImageEvent.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final int DELIVERY_MILLIS = 300_000;

  private final String servers;
  private final Producer<byte[], byte[]> producer;
  private final Map<String, Followed> followed = new HashMap<>();

  /** A topic from its beginning. */
  private record Followed(KafkaConsumer<byte[], byte[]> consumer, List<byte[]> values) {}

  HostClient(String servers) {
    this.servers = servers;
    producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", servers, "delivery.timeout.ms", DELIVERY_MILLIS),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /** Publishes frames of a camera, each under a name of its own. */
  void publish(String name, SurfaceCamera camera, long first, int count) {
    for (long index = first; index < first + count; index++) {
      CameraFrame frame = camera.frame(index);
      ImageEvent event =
          new ImageEvent(
              name + "-" + index,
              "host",
              Instant.now(),
              BodyFormat.GRAY8,
              frame.image().width(),
              frame.image().height(),
              ByteBuffer.wrap(frame.image().interleaved()));
      send("surprisal.images", IMAGES.encode(event));
    }
  }

  /** Sends a record, in the background. */
  void send(String topic, byte[] value) {
    producer.send(new ProducerRecord<>(topic, value));
  }

  /** Waits until the broker has all that was sent. */
  void flush() {
    producer.flush();
  }

  /** All committed records of a topic so far. */
  List<byte[]> values(String topic) {
    Followed all = followed.computeIfAbsent(topic, this::follow);
    all.consumer().poll(POLL).forEach(record -> all.values().add(record.value()));
    return all.values();
  }

  private Followed follow(String topic) {
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", servers, "isolation.level", "read_committed"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(partition -> new TopicPartition(topic, partition.partition()))
            .toList();
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    return new Followed(consumer, new ArrayList<>());
  }

  /** All committed records of a topic so far, decoded. */
  <R extends SpecificRecord> List<R> records(String topic, Class<R> type) {
    RecordFormat<R> format = RecordFormat.of(type);
    return values(topic).stream().map(format::decode).toList();
  }

  /** What the independent verifier finds wrong with what scorers have left. */
  List<String> faults() throws ExecutionException, InterruptedException {
    return Verifier.faults(Ledger.read(servers, "surprisal.", "surprisal-score"));
  }

  @Override
  public void close() {
    producer.close();
    followed.values().forEach(all -> all.consumer().close());
  }
}
