package io.surprisal.service.demo;

import io.surprisal.handover.CommittedRecords;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.service.cli.KafkaClients;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.options.ImageSource;
import io.surprisal.service.run.ScoringService;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * The two clients of the demo: a camera that publishes on a thread of its own, and a reader of what
 * the scorer commits on the caller's. Owns both; {@link #close()} ends them.
 */
final class DemoStream implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration DRAIN = Duration.ofSeconds(20);
  private static final Duration CAMERA_END = Duration.ofSeconds(15);

  /** The camera waits when so many of its images are not scored yet. */
  private static final int MOST_WAITING = 200;

  private final Topics topics;
  private final DemoCamera camera;
  private final double rate;
  private final DemoReport report;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final RecordFormat<ImageEvent> events = RecordFormat.of(ImageEvent.class);
  private final RecordFormat<ImageScore> scores = RecordFormat.of(ImageScore.class);
  private final StopSignal cameraStop = new StopSignal();
  private final AtomicLong published = new AtomicLong();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicReference<Exception> cameraFailure = new AtomicReference<>();
  private final RecordFormat<TrainerEvent> trainerEvents = RecordFormat.of(TrainerEvent.class);
  private final Runnable onFirstScore;
  private final Thread cameraThread = new Thread(this::publish, "surprisal-demo-camera");

  DemoStream(
      String bootstrapServer,
      Topics topics,
      DemoCamera camera,
      double rate,
      DemoReport report,
      Runnable onFirstScore) {
    this.onFirstScore = onFirstScore;
    this.topics = topics;
    this.camera = camera;
    this.rate = rate;
    this.report = report;
    Map<String, Object> client =
        Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServer);
    consumer = CommittedRecords.consumer(client);
    Map<String, Object> promptly = new HashMap<>(client);
    promptly.putAll(ImageSizeLimit.producer(ImageSizeLimit.DEFAULT.recordBytes()));
    promptly.put(ProducerConfig.LINGER_MS_CONFIG, 5);
    producer = KafkaClients.producer(promptly);
  }

  /**
   * Publishes and reads until the time is over or the user wants the end, then reads what is still
   * on its way.
   *
   * @throws IllegalStateException if the camera fails
   */
  void run(Optional<Duration> time, StopSignal stop, ScoringService service) {
    Collection<TopicPartition> partitions = partitions();
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    long start = System.nanoTime();
    cameraThread.start();
    while (!stop.requested()
        && service.failure().isEmpty()
        && cameraFailure.get() == null
        && !report.unread()
        && time.map(t -> System.nanoTime() - start < t.toNanos()).orElse(true)) {
      read();
    }
    endCamera();
    long drainStart = System.nanoTime();
    while (answered.get() < published.get()
        && !stop.requested()
        && service.failure().isEmpty()
        && elapsed(drainStart).compareTo(DRAIN) < 0) {
      read();
    }
    report.ended(published.get(), camera.knowsTruth(), elapsed(start));
    if (cameraFailure.get() != null) {
      throw new IllegalStateException("the camera failed", cameraFailure.get());
    }
  }

  private void endCamera() {
    cameraStop.request();
    try {
      cameraThread.join(CAMERA_END.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Duration elapsed(long since) {
    return Duration.ofNanos(System.nanoTime() - since);
  }

  private Collection<TopicPartition> partitions() {
    return Stream.of(topics.scores(), topics.deadLetters(), topics.trainer())
        .flatMap(
            topic ->
                IntStream.range(0, consumer.partitionsFor(topic).size())
                    .mapToObj(partition -> new TopicPartition(topic, partition)))
        .toList();
  }

  private void read() {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
      if (record.topic().equals(topics.trainer())) {
        report.told(trainerEvents.decode(record.value()));
        continue;
      }
      if (answered.incrementAndGet() == 1) {
        onFirstScore.run();
      }
      if (record.topic().equals(topics.deadLetters())) {
        report.deadLetter();
      } else {
        ImageScore score = scores.decode(record.value());
        report.scored(score, camera.shot(index(record)));
      }
    }
  }

  /** The camera's number of an image is its record's key, eight bytes. */
  private static long index(ConsumerRecord<byte[], byte[]> record) {
    return ByteBuffer.wrap(record.key()).getLong();
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the callback sees to it
  private void publish() {
    try {
      long start = System.nanoTime();
      for (long index = 0; !cameraStop.requested(); index++) {
        long due = start + (long) (index / rate * 1e9);
        Duration ahead = Duration.ofNanos(Math.max(0, due - System.nanoTime()));
        if (cameraStop.await(ahead)) {
          return;
        }
        while (published.get() - answered.get() >= MOST_WAITING) {
          if (cameraStop.await(POLL)) {
            return;
          }
        }
        DemoCamera.Shot shot = camera.shot(index);
        producer.send(
            record(index, shot), (metadata, failure) -> cameraFailure.compareAndSet(null, failure));
        published.incrementAndGet();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      cameraFailure.set(e);
    }
  }

  private ProducerRecord<byte[], byte[]> record(long index, DemoCamera.Shot shot) {
    ImageEvent event = ImageSource.raw(shot.id(), shot.source(), Instant.now(), shot.image());
    return new ProducerRecord<>(
        topics.images(),
        ByteBuffer.allocate(Long.BYTES).putLong(index).array(),
        events.encode(event));
  }

  /** Ends the camera and both clients. */
  @Override
  public void close() {
    endCamera();
    producer.close(CAMERA_END);
    consumer.close();
  }
}
