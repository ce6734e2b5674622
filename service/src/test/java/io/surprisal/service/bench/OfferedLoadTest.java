package io.surprisal.service.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.service.system.Records;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a measurement offers to a stream, against a broker and a scorer that only echoes. */
@Tag("system")
class OfferedLoadTest {
  private static final int PARTITIONS = 3;
  private static final ImageDataset IMAGES =
      ImageDatasets.of(
          List.of(
              new PixelImage(1, 2, 3, new byte[] {1, 2, 3, 4, 5, 6}),
              new PixelImage(1, 2, 3, new byte[] {7, 8, 9, 10, 11, 12})));

  private static TemporaryCluster cluster;

  @TempDir private Path folder;

  private final AtomicBoolean stop = new AtomicBoolean();

  @BeforeAll
  static void start() throws IOException {
    cluster = TemporaryCluster.start("surprisal-test");
  }

  @AfterAll
  static void end() throws IOException {
    cluster.close();
  }

  @Test
  void shouldSpreadImagesOverThePartitionsInTurn() {
    Topics topics = topics("spread.");
    try (OfferedLoad load = load(topics)) {
      load.publish(4);
      load.publish(1);
    }

    List<ConsumerRecord<byte[], byte[]>> records =
        Records.read(cluster.bootstrapServer(), topics.images(), 5);
    RecordFormat<ImageEvent> format = RecordFormat.of(ImageEvent.class);
    assertThat(records).hasSize(5);
    assertThat(records)
        .allSatisfy(
            record -> {
              ImageEvent event = format.decode(record.value());
              int index =
                  Integer.parseInt(event.getImageId().toString().substring("bench-".length()));
              assertThat(record.partition()).isEqualTo(index % PARTITIONS);
              assertThat(event.getBody().array()).isEqualTo(IMAGES.image(index % 2).interleaved());
              assertThat(event.getFormat()).isEqualTo(BodyFormat.GRAY8);
              assertThat(event.getWidth()).isEqualTo(3);
              assertThat(event.getHeight()).isEqualTo(2);
            });
    assertThat(
            records.stream().map(record -> format.decode(record.value()).getImageId().toString()))
        .containsExactlyInAnyOrder("bench-0", "bench-1", "bench-2", "bench-3", "bench-4");
  }

  @Test
  void shouldMeasureEveryImageOfASteadyLoad() throws Exception {
    Topics topics = topics("steady.");
    AtomicInteger told = new AtomicInteger();
    try (Echo echo = new Echo(topics);
        OfferedLoad load = load(topics)) {
      load.publish(10);
      load.await(10);
      double[] millis = load.latencies(1000, 50, told::incrementAndGet);

      assertThat(millis).hasSize(50);
      assertThat(Arrays.stream(millis).min().orElseThrow()).isNotNegative();
      assertThat(told).hasValue(50);
      assertThat(echo.echoed()).isEqualTo(60);
    }
  }

  @Test
  void shouldEndWhereTheUserWantsTheEnd() {
    try (OfferedLoad load = load(topics("stopped."))) {
      load.publish(1);
      stop.set(true);

      assertThatThrownBy(() -> load.await(1))
          .isInstanceOf(StoppedException.class)
          .hasMessage("stopped before the measurement was done");
    }
  }

  @Test
  void shouldAnnounceDifferentReleasesInTurn() throws Exception {
    Topics topics = topics("announced.");
    ModelConfiguration model = FitConfiguration.named("tiny").model(new ImageShape(1, 8, 8));
    Release release =
        Release.untrained(folder.resolve("untrained"), model, 1)
            .recalibrated(
                folder.resolve("calibrated"),
                new Calibration(4, "float32", new float[] {1, 2, 3, 4}, List.of()));
    AnnouncedReleases releases = new AnnouncedReleases(release, cluster, topics);
    for (int i = 0; i < 4; i++) {
      releases.announceNext();
    }

    List<String> ids =
        Records.read(cluster.bootstrapServer(), topics.releases(), 4).stream()
            .map(record -> new String(record.key(), UTF_8))
            .toList();
    assertThat(ids.subList(0, 3)).doesNotHaveDuplicates();
    assertThat(ids.get(0)).isEqualTo(release.id()).isEqualTo(ids.get(3));
    assertThat(releases.store())
        .isDirectoryContaining(file -> file.toString().contains(ids.get(1)));
  }

  private static Topics topics(String prefix) {
    Topics topics = new Topics(prefix);
    cluster.createTopics(topics, PARTITIONS);
    return topics;
  }

  private OfferedLoad load(Topics topics) {
    return new OfferedLoad(cluster.bootstrapServer(), topics, IMAGES, stop::get);
  }

  /** Answers every image with a record of its timestamp. */
  private static final class Echo implements AutoCloseable {
    private final KafkaConsumer<byte[], byte[]> images =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers", cluster.bootstrapServer(),
                "group.id", "echo",
                "auto.offset.reset", "earliest"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    private final KafkaProducer<byte[], byte[]> scores =
        new KafkaProducer<>(
            cluster.clients(), new ByteArraySerializer(), new ByteArraySerializer());
    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicInteger echoed = new AtomicInteger();
    private final Thread thread;

    Echo(Topics topics) {
      thread =
          new Thread(
              () -> {
                images.subscribe(List.of(topics.images()));
                while (!ended.get()) {
                  images
                      .poll(Duration.ofMillis(50))
                      .forEach(
                          image -> {
                            scores.send(
                                new ProducerRecord<>(
                                    topics.scores(),
                                    image.partition(),
                                    image.timestamp(),
                                    null,
                                    new byte[] {1}));
                            echoed.incrementAndGet();
                          });
                }
              },
              "echo");
      thread.start();
    }

    int echoed() {
      return echoed.get();
    }

    @Override
    public void close() throws Exception {
      ended.set(true);
      thread.join();
      images.close();
      scores.close();
    }
  }
}
