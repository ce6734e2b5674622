package io.surprisal.service.bench;

import io.surprisal.handover.CommittedRecords;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.KafkaClients;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Both ends of a stream that is measured: offers images, as a backlog or at a steady rate, and
 * reads the committed scores. Owns both clients. For one thread.
 */
final class OfferedLoad implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);

  /** Share of a run's scores at its start, and at its end, that do not count. */
  private static final double EDGE = 0.1;

  private static final double NANOS = 1e9;
  private static final int LINGER_MILLIS = 2;
  private static final int MOST_SCORES_A_POLL = 10_000;

  private final Topics topics;
  private final ImageDataset images;
  private final int partitions;
  private final BooleanSupplier stop;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Queue<Exception> failures = new ConcurrentLinkedQueue<>();
  private long published;

  /**
   * Connects, to topics that exist.
   *
   * @param stop asked between polls; once true, a run throws {@link StoppedException}
   */
  OfferedLoad(String server, Topics topics, ImageDataset images, BooleanSupplier stop) {
    this.topics = topics;
    this.images = images;
    this.stop = stop;
    producer =
        KafkaClients.producer(
            Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                server,
                ProducerConfig.LINGER_MS_CONFIG,
                LINGER_MILLIS));
    consumer =
        CommittedRecords.consumer(
            Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, server),
            Map.of(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MOST_SCORES_A_POLL));
    partitions = consumer.partitionsFor(topics.images()).size();
    List<TopicPartition> all =
        IntStream.range(0, consumer.partitionsFor(topics.scores()).size())
            .mapToObj(partition -> new TopicPartition(topics.scores(), partition))
            .toList();
    consumer.assign(all);
    consumer.seekToEnd(all);
    all.forEach(consumer::position); // from here on, not from the first poll on
  }

  /**
   * A run over a backlog.
   *
   * @param images committed while the clock ran
   * @param seconds that they took
   */
  record Throughput(int images, double seconds) {
    double imagesPerSecond() {
      return images / seconds;
    }
  }

  /** Publishes a backlog and waits until it lies in the topic. */
  void publish(int count) {
    List<Future<RecordMetadata>> sent = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      sent.add(producer.send(record()));
    }
    producer.flush();
    for (Future<RecordMetadata> future : sent) {
      try {
        future.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while publishing", e);
      } catch (ExecutionException e) {
        throw new IllegalStateException("an image could not be published", e.getCause());
      }
    }
  }

  /**
   * Waits for the scores of a backlog. The first tenth of them is the start of the run and the last
   * its end, where not all workers have work: the clock runs in between.
   */
  Throughput drain(int count, Runnable progress) {
    int from = (int) (EDGE * count);
    int to = count - from;
    int read = 0;
    int counted = 0;
    long start = 0;
    long end = 0;
    while (read < count) {
      int some = poll(progress);
      read += some;
      if (start == 0 && read >= from) {
        start = System.nanoTime();
      } else if (start != 0 && end == 0) {
        counted += some;
        end = read >= to ? System.nanoTime() : 0;
      }
    }
    if (counted == 0 || end == 0) {
      throw new IllegalStateException(
          "all %d scores came at once: name more --images".formatted(count));
    }
    return new Throughput(counted, (end - start) * 1e-9);
  }

  /** Waits for the scores of a backlog, however many come at once. */
  void await(int count) {
    for (int read = 0; read < count; ) {
      read += poll(() -> {});
    }
  }

  private int poll(Runnable progress) {
    requireRunning();
    int count = 0;
    for (ConsumerRecord<byte[], byte[]> ignored : consumer.poll(POLL)) {
      count++;
      progress.run();
    }
    return count;
  }

  /**
   * Publishes at a steady rate and measures until when each score could be read. A score has the
   * timestamp of its image.
   *
   * @param imagesPerSecond offered
   * @param count images
   */
  double[] latencies(double imagesPerSecond, int count, Runnable progress) {
    double[] millis = new double[count];
    int[] read = {0};
    load(
        imagesPerSecond,
        sent -> sent < count,
        latency -> {
          millis[read[0]++] = latency;
          progress.run();
        });
    return millis;
  }

  /**
   * Publishes at a steady rate until a soak is over, and then waits for what lacks.
   *
   * @param imagesPerSecond offered
   * @param soak is told of every score
   */
  void soak(double imagesPerSecond, Soak soak) {
    load(
        imagesPerSecond,
        sent -> {
          boolean over = soak.over();
          soak.look();
          return !over;
        },
        soak::scored);
  }

  /**
   * Publishes at a steady rate and reads the scores in between, in few calls: it shares the
   * processors with what it measures.
   *
   * @param more whether another image follows after so many
   * @param latency takes the milliseconds between each image's timestamp and its committed score
   */
  private void load(double imagesPerSecond, LongPredicate more, LongConsumer latency) {
    long start = System.nanoTime();
    long sent = 0;
    long read = 0;
    boolean publishing = true;
    while (publishing || read < sent) {
      requireRunning();
      long untilNext = POLL.toNanos();
      publishing = publishing && more.test(sent);
      if (publishing) {
        untilNext = start + (long) (sent / imagesPerSecond * NANOS) - System.nanoTime();
        if (untilNext <= 0) {
          Future<RecordMetadata> unused = producer.send(record(), this::sent);
          sent++;
          continue;
        }
      }
      Duration wait = Duration.ofNanos(Math.min(untilNext, POLL.toNanos()));
      for (ConsumerRecord<byte[], byte[]> score : consumer.poll(wait)) {
        latency.accept(System.currentTimeMillis() - score.timestamp());
        read++;
      }
    }
  }

  private void sent(@Nullable RecordMetadata metadata, @Nullable Exception failure) {
    if (failure != null) {
      failures.add(failure);
    }
  }

  private void requireRunning() {
    if (stop.getAsBoolean()) {
      throw new StoppedException();
    }
    if (!failures.isEmpty()) {
      throw new IllegalStateException("an image could not be published", failures.element());
    }
  }

  private ProducerRecord<byte[], byte[]> record() {
    int index = (int) (published % images.size());
    PixelImage image = images.image(index);
    ImageEvent event =
        new ImageEvent(
            "bench-" + published,
            "bench",
            Instant.now(),
            image.channels() == 1 ? BodyFormat.GRAY8 : BodyFormat.RGB8,
            image.width(),
            image.height(),
            ByteBuffer.wrap(image.interleaved()));
    int partition = (int) (published % partitions);
    published++;
    return new ProducerRecord<>(
        topics.images(), partition, System.currentTimeMillis(), null, EVENTS.encode(event));
  }

  @Override
  public void close() {
    producer.close();
    consumer.close();
  }
}
