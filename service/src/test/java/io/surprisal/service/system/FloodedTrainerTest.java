package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.handover.TrustedKeys;
import io.surprisal.model.images.Interpretation;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.Topics;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.drift.DriftSensitivity;
import io.surprisal.trainer.drift.StreamWatch;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Valid images by which somebody wants the trainer to die, or to forget those of others. */
@Tag("system")
class FloodedTrainerTest {
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);

  /** Of what one poll brings a part. */
  private static final int PICTURES = Integer.getInteger("surprisal.flood.pictures", 12);

  private static final int HONEST = 40;

  @RegisterExtension static final ClassBroker broker = new ClassBroker();

  @TempDir private Path folder;

  private static void createTopics(String prefix) {
    CommandRun topics =
        CommandRun.of(
            "topics",
            "--bootstrap-server",
            broker.bootstrapServer(),
            "--topic-prefix",
            prefix,
            "--partitions",
            "1");
    assertThat(topics.exitCode()).as(topics.err()).isZero();
  }

  /** 49 kB each, and 48 MiB once decoded: a poll holds 576 MiB of them, the heap 384. */
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void shouldDecodeNoMoreAtOnceThanASmallHeapHasRoomFor() throws Exception {
    String prefix = "pictures.";
    createTopics(prefix);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(8192, 2048, BufferedImage.TYPE_3BYTE_BGR), "png", png);
    assertThat(png.size()).isBetween(45_000, 55_000);
    byte[] event = event("picture", "camera", BodyFormat.PNG, png.toByteArray());
    Records.send(
        broker.bootstrapServer(),
        prefix + "images",
        Collections.nCopies(PICTURES, event).toArray(new byte[0][]));
    try (CommandProcess trainer =
        CommandProcess.startSmall(
            folder,
            384,
            "train",
            "--bootstrap-server",
            broker.bootstrapServer(),
            "--topic-prefix",
            prefix,
            "--device",
            "cpu",
            "--kept-bytes",
            String.valueOf(32 << 20), // none of them fits, so that the disk has no part in this
            "--first-images",
            "1000000",
            "--state-dir",
            folder.resolve("trainer").toString(),
            "--store",
            folder.resolve("store").toString())) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServer()))) {
        await("all are read")
            .atMost(Duration.ofSeconds(20L * PICTURES))
            .failFast("the trainer ended", trainer::requireAlive)
            .until(
                () ->
                    admin
                            .listConsumerGroupOffsets("surprisal-train-images")
                            .partitionsToOffsetAndMetadata()
                            .get()
                            .values()
                            .stream()
                            .mapToLong(offset -> offset == null ? 0 : offset.offset())
                            .sum()
                        == PICTURES);
      }
      CommandRun answered =
          CommandRun.of(
              "pause", "--bootstrap-server", broker.bootstrapServer(), "--topic-prefix", prefix);
      assertThat(answered.exitCode()).as(answered.err() + trainer.err()).isZero();
    }
  }

  /** As many sources as there is room for, of images that no scorer says anything of. */
  @Test
  @Timeout(120)
  void shouldKeepHonestImagesThoughHundredsOfNewSourcesSendWhatNobodyScores() throws Exception {
    String prefix = "sources.";
    createTopics(prefix);
    AtomicReference<Instant> now = new AtomicReference<>(Instant.now());
    try (Producer<byte[], byte[]> producer = producer()) {
      sendHonest(producer, prefix, 0, HONEST / 2);
      sendHostile(producer, prefix, HONEST / 2);
      try (Reservoir reservoir = reservoir();
          StreamWatch watch = watch(prefix, reservoir, now)) {
        sendHonest(producer, prefix, HONEST / 2 + 200, HONEST / 2);
        awaitSources(watch, reservoir, now, Set.of("honest"), HONEST);
      }
      try (Reservoir reservoir = reservoir();
          StreamWatch watch = watch(prefix, reservoir, now)) {
        sendHonest(producer, prefix, HONEST + 200, 1);
        awaitSources(watch, reservoir, now, Set.of("honest"), HONEST + 1);
      }
    }
  }

  private Reservoir reservoir() throws IOException {
    return new Reservoir(
        folder, new ReservoirBounds(200, 200, 0.2, Duration.ofHours(10), 1L << 20));
  }

  private static StreamWatch watch(
      String prefix, Reservoir reservoir, AtomicReference<Instant> now) {
    return new StreamWatch(
        new ClusterSettings(
            "any",
            new Topics(prefix),
            Map.of("bootstrap.servers", broker.bootstrapServer()),
            prefix + "trainer",
            "trainer",
            TrustedKeys.NOBODY_ASKED,
            Duration.ofHours(1)),
        new DriftSensitivity(1e6, 500, Duration.ofMinutes(5)),
        0.01,
        reservoir,
        release -> Interpretation.usual(),
        now::get);
  }

  /** Time passes while it waits. */
  private static void awaitSources(
      StreamWatch watch,
      Reservoir reservoir,
      AtomicReference<Instant> now,
      Set<String> expected,
      int images) {
    await()
        .atMost(Duration.ofSeconds(60))
        .failFast("the stream can no longer be read", () -> watch.failure().isPresent())
        .until(
            () -> {
              now.updateAndGet(before -> before.plusSeconds(5));
              return reservoir.seen() >= images;
            });
    Set<String> sources = new TreeSet<>();
    reservoir.forEach(image -> sources.add(image.source()), Reservoir.Pool.values());
    assertThat(sources).isEqualTo(expected);
    assertThat(reservoir.seen()).isEqualTo(images);
  }

  private static Producer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", broker.bootstrapServer()),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  /** Images with their scores, which come first: nothing is taken before them. */
  private static void sendHonest(
      Producer<byte[], byte[]> producer, String prefix, int from, int count) throws Exception {
    for (int i = from; i < from + count; i++) {
      byte[] pixels = new byte[64];
      Arrays.fill(pixels, (byte) i);
      producer.send(
          new ProducerRecord<>(
              prefix + "images", event("" + i, "honest", BodyFormat.GRAY8, pixels)));
    }
    producer.flush();
    for (int i = from; i < from + count; i++) {
      producer.send(new ProducerRecord<>(prefix + "scores", score(prefix + "images", i)));
    }
    producer.flush();
  }

  private static void sendHostile(Producer<byte[], byte[]> producer, String prefix, int from) {
    IntStream.range(from, from + 200)
        .mapToObj(i -> event("" + i, "source " + i, BodyFormat.GRAY8, new byte[64]))
        .forEach(event -> producer.send(new ProducerRecord<>(prefix + "images", event)));
    producer.flush();
  }

  private static byte[] event(String id, String source, BodyFormat format, byte[] body) {
    int side = format == BodyFormat.GRAY8 ? 8 : 0;
    return EVENTS.encode(
        new ImageEvent(id, source, Instant.EPOCH, format, side, side, ByteBuffer.wrap(body)));
  }

  private static byte[] score(String topic, long offset) {
    return SCORES.encode(
        ImageScore.newBuilder()
            .setRepairs(List.of())
            .setImageId("" + offset)
            .setSource("honest")
            .setEventTime(Instant.EPOCH)
            .setReleaseId("ab".repeat(32))
            .setPrecision("float32")
            .setBitsPerDim(4)
            .setStandardError(0)
            .setPrior(0)
            .setDiffusion(4)
            .setReconstruction(0)
            .setNoiseLevels(List.of())
            .setSquaredErrors(List.of())
            .setEvaluations(8)
            .setVerdict(ScoreVerdict.NORMAL)
            .setLocation(new ImageLocation(topic, 0, offset))
            .build());
  }
}
