package io.surprisal.service.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.EmbeddedBroker;
import io.surprisal.service.run.ScoringService;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Malformed images by the thousand among good ones, through a real broker and a real scorer. */
@Tag("system")
@Tag("waiting")
class FuzzedInputTest {
  private static final int MALFORMED = 10_000;

  /** Every so many records one is a good image. */
  private static final int GOOD_EVERY = 11;

  private static final int RECORDS = MALFORMED + MALFORMED / (GOOD_EVERY - 1);
  private static final int SIDE = 8;
  private static final long MEBIBYTE = 1 << 20;
  private static final String TOPOLOGY_LOGS = "io.surprisal.topology";
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);

  @TempDir private Path folder;
  private final Random random = new Random(11);
  private byte[] png;

  @BeforeEach
  void encodePng() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY), "png", bytes);
    png = bytes.toByteArray();
  }

  @AfterEach
  void speak() {
    Configurator.setLevel(TOPOLOGY_LOGS, Level.INFO);
  }

  @Test
  @Timeout(180)
  void shouldScoreAllGoodImagesAndDeadLetterAllOthersInFlatMemory() throws Exception {
    Release release =
        Release.untrained(
            folder.resolve("r.safetensors"),
            FitConfiguration.named("tiny").model(new ImageShape(1, SIDE, SIDE)),
            1);
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("broker"), "localhost", 0)) {
      String server = broker.bootstrapServer();
      assertThat(CommandRun.of("topics", "--bootstrap-server", server).exitCode()).isZero();
      Configurator.setLevel(TOPOLOGY_LOGS, Level.ERROR); // not a warning for each dead letter
      try (ScoringService service =
              ScoringService.ofRelease(
                  release,
                  Execution.CPU,
                  Scoring.simple(1, 0.01, Execution.CPU.devices()),
                  new Topics(Topics.DEFAULT_PREFIX),
                  settings(server));
          Records.Follower scores = new Records.Follower(server, "surprisal.scores")) {
        Set<String> good = new HashSet<>(publish(server, 0, RECORDS / 5));
        awaitAnswers(service, RECORDS / 5);
        int handles = TorchRuntime.nativeHandles();
        long heap = heap();

        good.addAll(publish(server, RECORDS / 5, RECORDS));
        awaitAnswers(service, RECORDS);
        // Clients that were just closed hold their buffers for a moment; a leak holds them for
        // good.
        await("heap as it was")
            .atMost(Duration.ofSeconds(30))
            .until(() -> heap() < heap + 16 * MEBIBYTE);
        assertThat(TorchRuntime.nativeHandles()).isEqualTo(handles);
        await().atMost(Duration.ofSeconds(30)).until(() -> scores.poll().size() >= good.size());
        assertThat(scores.poll())
            .extracting(score -> SCORES.decode(score.value()).getImageId())
            .containsExactlyInAnyOrderElementsOf(good);
        requireDeadLetters(
            Records.read(server, "surprisal.dead-letters", RECORDS - good.size()),
            RECORDS - good.size());
      }
    }
  }

  private static void requireDeadLetters(
      List<ConsumerRecord<byte[], byte[]>> letters, int expected) {
    Set<String> places = new HashSet<>();
    Set<String> reasons = new TreeSet<>();
    for (ConsumerRecord<byte[], byte[]> letter : letters) {
      places.add(header(letter, "surprisal.partition") + "-" + header(letter, "surprisal.offset"));
      reasons.add(header(letter, "surprisal.reason"));
    }
    assertThat(letters).hasSize(expected);
    assertThat(places).as("one dead letter for each").hasSize(expected);
    assertThat(reasons)
        .contains(
            "NULL_VALUE",
            "WRONG_HEADER",
            "UNKNOWN_SCHEMA",
            "MALFORMED_RECORD",
            "OVERSIZED_KEY",
            "OVERSIZED_ID",
            "NOT_AN_IMAGE",
            "HEADER_MISMATCH",
            "WRONG_CHANNELS")
        .doesNotContain("SCORING_FAILED");
  }

  private static String header(ConsumerRecord<byte[], byte[]> letter, String name) {
    return new String(letter.headers().lastHeader(name).value(), UTF_8);
  }

  private static void awaitAnswers(ScoringService service, int count) {
    await()
        .atMost(Duration.ofSeconds(90))
        .until(
            () ->
                service.failure().isPresent()
                    || service.counts().scored() + service.counts().deadLettered() >= count);
    assertThat(service.failure()).isEmpty();
  }

  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private StreamSettings settings(String server) {
    return new StreamSettings(
        "fuzzed",
        server,
        folder.resolve("state"),
        2,
        Optional.empty(),
        ImageSizeLimit.DEFAULT.deadLetterBytes(),
        Map.of());
  }

  /** Publishes records {@code from} to {@code to}; returns the ids of the good images. */
  private Set<String> publish(String server, int from, int to) {
    Set<String> good = new HashSet<>();
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int i = from; i < to; i++) {
        if (i % GOOD_EVERY == 0) {
          good.add("good-" + i);
          byte[] pixels = new byte[SIDE * SIDE];
          random.nextBytes(pixels);
          producer.send(
              new ProducerRecord<>(
                  "surprisal.images",
                  EVENTS.encode(event("good-" + i, BodyFormat.GRAY8, SIDE, pixels))));
        } else {
          producer.send(malformed());
        }
      }
    }
    return good;
  }

  private ProducerRecord<byte[], byte[]> malformed() {
    byte[] record = EVENTS.encode(event("bad", BodyFormat.GRAY8, SIDE, new byte[SIDE * SIDE]));
    byte[] key = null;
    byte[] value =
        switch (random.nextInt(14)) {
          case 0 -> null;
          case 1 -> new byte[0];
          case 2 -> noise(1 + random.nextInt(600));
          case 3 -> Arrays.copyOf(record, 10 + random.nextInt(record.length - 10));
          case 4 -> flipped(record, 2 + random.nextInt(8));
          case 5 -> Arrays.copyOf(record, record.length + 1 + random.nextInt(20));
          case 6 -> encoded(BodyFormat.GRAY8, SIDE, new byte[random.nextInt(SIDE * SIDE)]);
          case 7 -> encoded(BodyFormat.PNG, SIDE, noise(random.nextInt(300)));
          case 8 ->
              encoded(BodyFormat.PNG, SIDE, Arrays.copyOf(png, random.nextInt(png.length - 12)));
          case 9 -> encoded(BodyFormat.PNG, SIDE + 1 + random.nextInt(99), png);
          case 10 -> encoded(BodyFormat.RGB8, SIDE, noise(3 * SIDE * SIDE));
          case 11 -> encoded(BodyFormat.JPEG, SIDE, noise(random.nextInt(300)));
          case 12 ->
              EVENTS.encode(event("x".repeat(1025), BodyFormat.GRAY8, SIDE, new byte[SIDE * SIDE]));
          default -> {
            key = new byte[(64 << 10) + 1];
            yield record;
          }
        };
    return new ProducerRecord<>("surprisal.images", key, value);
  }

  private byte[] noise(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    if (length > 0) {
      bytes[0] = 0; // no format and no record begins so
    }
    return bytes;
  }

  private byte[] flipped(byte[] record, int at) {
    record[at] ^= (byte) (1 + random.nextInt(255));
    return record;
  }

  private static byte[] encoded(BodyFormat format, int width, byte[] body) {
    return EVENTS.encode(event("bad", format, width, body));
  }

  private static ImageEvent event(String id, BodyFormat format, int width, byte[] body) {
    return new ImageEvent(id, "fuzzer", Instant.EPOCH, format, width, SIDE, ByteBuffer.wrap(body));
  }
}
