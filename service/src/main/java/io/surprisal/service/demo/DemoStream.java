package io.surprisal.service.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.surprisal.handover.CommittedRecords;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.KafkaClients;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.run.ScoringService;
import io.surprisal.topology.records.DeadLetter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two clients of the demo: a camera that publishes on a thread of its own, and a reader of what
 * the scorer commits on the caller's. Owns both; {@link #close()} ends them.
 */
final class DemoStream implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DemoStream.class);
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration DRAIN = Duration.ofSeconds(20);
  private static final Duration CAMERA_END = Duration.ofSeconds(15);

  private final Topics topics;
  private final Pace pace;
  private final DemoCamera camera;
  private final DemoReport report;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final RecordFormat<ImageEvent> events = RecordFormat.of(ImageEvent.class);
  private final RecordFormat<ImageScore> scores = RecordFormat.of(ImageScore.class);
  private final RecordFormat<AnomalyAlert> alerts = RecordFormat.of(AnomalyAlert.class);
  private final StopSignal cameraStop = new StopSignal();
  private final AtomicLong published = new AtomicLong();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicReference<Exception> cameraFailure = new AtomicReference<>();
  private final RecordFormat<TrainerEvent> trainerEvents = RecordFormat.of(TrainerEvent.class);
  private final Runnable onFirstScore;
  private final Thread cameraThread = new Thread(this::publish, "surprisal-demo-camera");

  /**
   * How fast the camera is.
   *
   * @param rate images a second at most
   * @param waiting the camera waits when so many of its images are not scored yet
   */
  record Pace(double rate, int waiting) {}

  DemoStream(
      String bootstrapServer,
      Topics topics,
      DemoCamera camera,
      Pace pace,
      DemoReport report,
      Runnable onFirstScore) {
    this.onFirstScore = onFirstScore;
    this.topics = topics;
    this.camera = camera;
    this.pace = pace;
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
    while ((answered.get() < published.get() || report.awaitsAlerts())
        && !stop.requested()
        && service.failure().isEmpty()
        && elapsed(drainStart).compareTo(DRAIN) < 0) {
      read();
    }
    report.ended(published.get(), elapsed(start));
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
    return Stream.of(topics.scores(), topics.alerts(), topics.deadLetters(), topics.trainer())
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
      DemoCamera.Shot shot = camera.shot(index(record));
      if (record.topic().equals(topics.alerts())) {
        report.alerted(alerts.decode(record.value()), shot);
        continue;
      }
      if (answered.incrementAndGet() == 1) {
        onFirstScore.run();
      }
      if (record.topic().equals(topics.deadLetters())) {
        report.deadLetter(shot, reason(record));
      } else {
        report.scored(scores.decode(record.value()), shot);
      }
    }
  }

  /** The camera's number of an image is its record's key, eight bytes. */
  private static long index(ConsumerRecord<byte[], byte[]> record) {
    return ByteBuffer.wrap(record.key()).getLong();
  }

  private static String reason(ConsumerRecord<byte[], byte[]> deadLetter) {
    return header(deadLetter, DeadLetter.REASON)
        + ": "
        + header(deadLetter, DeadLetter.EXCEPTION).replaceFirst("^[\\w.]+: ", "");
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    return new String(record.headers().lastHeader(name).value(), UTF_8);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the callback sees to it
  private void publish() {
    Set<String> unreadable = new HashSet<>();
    try {
      long start = System.nanoTime();
      for (long index = 0; !cameraStop.requested(); index++) {
        long due = start + (long) (index / pace.rate() * 1e9);
        Duration ahead = Duration.ofNanos(Math.max(0, due - System.nanoTime()));
        if (cameraStop.await(ahead)) {
          return;
        }
        while (published.get() - answered.get() >= pace.waiting()) {
          if (cameraStop.await(POLL)) {
            return;
          }
        }
        ImageEvent event;
        try {
          event = camera.event(index);
        } catch (IOException e) {
          String reason = Failure.of(e).message();
          if (unreadable.add(reason)) {
            LOG.warn("not shown: {}", reason);
          }
          continue;
        }
        producer.send(
            record(index, event),
            (metadata, failure) -> cameraFailure.compareAndSet(null, failure));
        published.incrementAndGet();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      cameraFailure.set(e);
    }
  }

  private ProducerRecord<byte[], byte[]> record(long index, ImageEvent event) {
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
