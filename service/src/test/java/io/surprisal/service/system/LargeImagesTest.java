package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Images as large as an unconfigured system takes, all the way through it. */
@Tag("system")
@Tag("waiting")
class LargeImagesTest {
  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);
  private static final int PARTITIONS = 2;
  private static final int PHOTOS = 5;

  @TempDir private Path folder;

  @Test
  @Timeout(180)
  void shouldScorePhotosAndForwardTheLargestDeadLetterWhole() throws Exception {
    Release release =
        Release.untrained(
            folder.resolve("r.safetensors"),
            FitConfiguration.named("tiny").model(new ImageShape(1, 8, 8)),
            1);
    Path photos = Files.createDirectory(folder.resolve("photos"));
    for (int i = 0; i < PHOTOS; i++) {
      noise(photos.resolve("photo-" + i + ".png"), 2300, i);
    }
    noise(photos.resolve("too-large.png"), 3072, PHOTOS);
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-test-large")) {
      String server = cluster.bootstrapServer();
      StreamSettings settings =
          cluster.streamSettings("large", 1, cluster.createTopics(TOPICS, PARTITIONS));
      CommandRun published =
          CommandRun.of("publish", "--bootstrap-server", server, "--source", "cam", "" + photos);
      byte[] largest = sendLargest(server);
      try (ScoringService service =
          ScoringService.ofRelease(
              release,
              Execution.CPU,
              Scoring.simple(1, 0.01, Execution.CPU.devices()),
              TOPICS,
              settings)) {
        await()
            .atMost(Duration.ofSeconds(90))
            .until(
                () ->
                    service.failure().isPresent()
                        || service.counts().scored() + service.counts().deadLettered() > PHOTOS);
        assertThat(service.failure()).isEmpty();
      }

      assertThat(published.exitCode()).isEqualTo(1);
      assertThat(published.errLines())
          .singleElement()
          .satisfies(line -> assertThat(line).contains("too-large.png", "--max-image-bytes"));
      RecordFormat<ImageScore> scores = RecordFormat.of(ImageScore.class);
      assertThat(Records.read(server, TOPICS.scores(), PHOTOS))
          .extracting(record -> scores.decode(record.value()).getImageId())
          .containsExactlyInAnyOrder(
              "photo-0.png", "photo-1.png", "photo-2.png", "photo-3.png", "photo-4.png");
      List<ConsumerRecord<byte[], byte[]>> letters = Records.read(server, TOPICS.deadLetters(), 1);
      assertThat(letters)
          .singleElement()
          .satisfies(of -> assertThat(of.value()).isEqualTo(largest));
      RecordFormat<ImageEvent> events = RecordFormat.of(ImageEvent.class);
      assertThat(Records.read(server, TOPICS.images(), PHOTOS + 1))
          .filteredOn(record -> record.value().length != largest.length)
          .allSatisfy(
              record -> {
                ImageEvent event = events.decode(record.value());
                byte[] body = new byte[event.getBody().remaining()];
                event.getBody().get(body);
                assertThat(body).isEqualTo(Files.readAllBytes(photos.resolve(event.getImageId())));
              });
    }
  }

  /** Sends a record that is no image, of the largest size that the topic takes. */
  private static byte[] sendLargest(String server) throws Exception {
    int limit = ImageSizeLimit.DEFAULT.recordBytes();
    Map<String, Object> settings = new HashMap<>(ImageSizeLimit.producer(limit));
    settings.put("bootstrap.servers", server);
    byte[] value = new byte[limit - ImageSizeLimit.RECORD_OVERHEAD_BYTES];
    new Random(2).nextBytes(value);
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(TOPICS.images(), value)).get();
    }
    return value;
  }

  /** A square picture that no compression makes smaller than a byte a pixel. */
  private static void noise(Path file, int side, int seed) throws IOException {
    byte[] pixels = new byte[side * side];
    new Random(seed).nextBytes(pixels);
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setDataElements(0, 0, side, side, pixels);
    ImageIO.write(image, "png", file.toFile());
  }
}
