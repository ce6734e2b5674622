package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.run.TemporaryCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stream that is archived, with all that can come between. Each test has a topic of its own. */
@Tag("system")
@Tag("waiting")
@Timeout(120)
class ArchivedStreamTest {
  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);
  private static final int HEIGHT = 8;
  private static final int WIDTH = 6;

  @TempDir private static Path releases;
  private static Path release;
  private static TemporaryCluster cluster;

  @TempDir private Path folder;

  @BeforeAll
  static void start() throws IOException {
    release = releases.resolve("tiny");
    Release.untrained(
        release, FitConfiguration.named("tiny").model(new ImageShape(1, HEIGHT, WIDTH)), 1);
    cluster = TemporaryCluster.start("surprisal-test-archive");
  }

  @AfterAll
  static void end() throws IOException {
    cluster.close();
  }

  private static String topic(String prefix, int partitions) {
    Topics topics = new Topics(prefix);
    cluster.createTopics(topics, partitions);
    return topics.images();
  }

  private static byte[] image(int number) {
    byte[] pixels = new byte[HEIGHT * WIDTH];
    new Random(number).nextBytes(pixels);
    return EVENTS.encode(
        ImageEvent.newBuilder()
            .setImageId("image " + number)
            .setSource("cam")
            .setEventTime(Instant.ofEpochMilli(number))
            .setFormat(BodyFormat.GRAY8)
            .setWidth(WIDTH)
            .setHeight(HEIGHT)
            .setBody(ByteBuffer.wrap(pixels))
            .build());
  }

  /** Records in transactions, every fourth of which is aborted. */
  private static void send(String topic, int partitions, int from, int to) throws Exception {
    Map<String, Object> config =
        Map.of(
            "bootstrap.servers", cluster.bootstrapServer(), "transactional.id", topic + "-sender");
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.initTransactions();
      for (int i = from; i < to; i += 5) {
        producer.beginTransaction();
        for (int k = i; k < Math.min(to, i + 5); k++) {
          byte[] value = k % 50 == 3 ? new byte[] {1, 2, 3} : k % 50 == 4 ? null : image(k);
          producer.send(new ProducerRecord<>(topic, k % partitions, null, value)).get();
        }
        if (i / 5 % 4 == 2) {
          producer.abortTransaction();
        } else {
          producer.commitTransaction();
        }
      }
    }
  }

  private String[] archive(String prefix, String... more) {
    return Stream.concat(
            Stream.of(
                "archive",
                "--bootstrap-server",
                cluster.bootstrapServer(),
                "--topic-prefix",
                prefix,
                "--release",
                "" + release,
                "--out",
                "" + archives(),
                "--timesteps",
                "10",
                "--images",
                "15"),
            Stream.of(more))
        .toArray(String[]::new);
  }

  private Path archives() {
    return folder.resolve("archives");
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(archives())) {
      return files.filter(file -> !file.endsWith("archive.lock")).sorted().toList();
    }
  }

  /** What an archive says of itself; its pictures lie in the folder {@code back}. */
  private JsonNode decompressed(Path archive) throws IOException {
    CommandRun run =
        CommandRun.of(
            "decompress",
            "--release",
            "" + release,
            "--in",
            "" + archive,
            "--out",
            "" + folder.resolve("back"),
            "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    return Json.MAPPER.readTree(run.out()).get("stream");
  }

  @Test
  void shouldArchiveEveryRecordOnceWhenKilled() throws Exception {
    String topic = topic("killed.", 2);
    send(topic, 2, 0, 100);
    try (CommandProcess archiver =
        CommandProcess.start(folder, archive("killed.", "--from-beginning"))) {
      archiver.awaitOut("images-00000002.sprl");
      CommandRun second = CommandRun.of(archive("killed."));
      assertThat(second.exitCode()).isEqualTo(3);
      assertThat(second.err()).contains("another 'surprisal archive' writes into");
      archiver.kill();
    }
    Files.write(archives().resolve(".images-00000003.sprl.some.tmp"), new byte[5]);
    send(topic, 2, 100, 150);

    CommandRun rest = CommandRun.of(archive("killed.", "--until-now"));
    CommandRun nothing = CommandRun.of(archive("killed.", "--until-now"));

    assertThat(rest.exitCode()).as(rest.err()).isEqualTo(1);
    assertThat(rest.err()).contains("left out killed.images-", "WRONG_HEADER", "NULL_VALUE");
    assertThat(nothing.exitCode()).as(nothing.err()).isZero();
    assertThat(nothing.out()).isEmpty();
    assertThat(files())
        .allSatisfy(file -> assertThat(file.getFileName() + "").matches("images-\\d{8}\\.sprl"));
    requireEveryRecordOnce(topic);
  }

  private void requireEveryRecordOnce(String topic) throws IOException {
    List<String> kept = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    Map<Integer, Long> next = new HashMap<>(Map.of(0, 0L, 1, 0L));
    Map<String, PixelImage> pixels = new HashMap<>();
    for (Path file : files()) {
      JsonNode stream = decompressed(file);
      assertThat(stream.get("topic").asText()).isEqualTo(topic);
      for (JsonNode range : stream.get("ranges")) {
        assertThat(next.put(range.get("partition").asInt(), range.get("next").asLong()))
            .isEqualTo(range.get("first").asLong());
      }
      stream.get("refused").forEach(record -> refused.add(place(record)));
      for (JsonNode record : stream.get("records")) {
        String place = place(record);
        kept.add(place);
        assertThat(record.get("source").asText()).isEqualTo("cam");
        assertThat(record.get("imageId").asText())
            .isEqualTo("image " + Instant.parse(record.get("eventTime").asText()).toEpochMilli());
        Path png = folder.resolve("back").resolve(record.get("file").asText());
        pixels.put(place, ImageDatasets.open(List.of(png)).image(0));
      }
    }
    List<ConsumerRecord<byte[], byte[]>> sent =
        Records.read(cluster.bootstrapServer(), topic, kept.size() + refused.size());
    List<String> images = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : sent) {
      String place = record.partition() + "-" + record.offset();
      if (record.value() == null || record.value().length == 3) {
        others.add(place);
        continue;
      }
      images.add(place);
      byte[] body = new byte[HEIGHT * WIDTH];
      EVENTS.decode(record.value()).getBody().get(body);
      assertThat(pixels.get(place)).isEqualTo(new PixelImage(1, HEIGHT, WIDTH, body));
    }
    assertThat(kept).containsExactlyInAnyOrderElementsOf(images);
    assertThat(refused).containsExactlyInAnyOrderElementsOf(others);
    assertThat(images).hasSizeGreaterThan(90);
    assertThat(others).isNotEmpty();
  }

  private static String place(JsonNode record) {
    return record.get("partition").asInt() + "-" + record.get("offset").asLong();
  }

  @Test
  void shouldSayWhatWasDeletedUnreadAndRefuseAnotherTopic() throws Exception {
    String topic = topic("deleted.", 1);
    topic("other.", 1);
    // An empty folder begins with what comes from now on, and remembers where that was.
    assertThat(CommandRun.of(archive("deleted.", "--until-now")).exitCode()).isZero();
    Records.send(
        cluster.bootstrapServer(), topic, image(1), image(2), image(3), image(4), image(5));
    try (Admin admin = Admin.create(cluster.clients())) {
      admin
          .deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(2)))
          .all()
          .get();
    }

    CommandRun run = CommandRun.of(archive("deleted.", "--until-now", "--json"));
    CommandRun other = CommandRun.of(archive("other.", "--until-now"));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
    assertThat(run.err()).contains("offsets 0 to 1 of partition 0 were deleted");
    JsonNode said = Json.MAPPER.readTree(run.out());
    assertThat(said.get("images").asInt()).isEqualTo(3);
    assertThat(said.get("behind").asInt()).isZero();
    JsonNode stream = decompressed(files().get(1));
    assertThat(stream.get("lost").get(0).get("next").asLong()).isEqualTo(2);
    assertThat(stream.get("ranges").get(0).get("first").asLong()).isZero();
    assertThat(other.exitCode()).isEqualTo(1);
    assertThat(other.err()).contains("is of topic deleted.images", "not of topic other.images");

    byte[] damaged = Files.readAllBytes(files().get(1));
    Files.write(files().get(1), Arrays.copyOf(damaged, damaged.length - 1));
    CommandRun refused = CommandRun.of(archive("deleted.", "--until-now"));
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("does not say which records it holds");
  }

  @Test
  void shouldLeaveWhatIsBegunWhenStopped() throws Exception {
    String topic = topic("stopped.", 1);
    Records.send(cluster.bootstrapServer(), topic, image(1), image(2), image(3));
    StopSignal stop = new StopSignal();
    CompletableFuture<CommandRun> running =
        CompletableFuture.supplyAsync(
            () -> CommandRun.of(Map.of(), stop, archive("stopped.", "--from-beginning")));
    await()
        .atMost(Duration.ofSeconds(60))
        .failFast(running::isDone)
        .until(() -> Files.isDirectory(archives()) && files().size() == 2); // one is begun
    stop.request();

    assertThat(running.get().exitCode()).isZero();
    assertThat(files()).hasSize(1);
    CommandRun rest = CommandRun.of(archive("stopped.", "--until-now"));
    assertThat(rest.exitCode()).as(rest.err()).isZero();
    assertThat(decompressed(files().get(1)).get("records")).hasSize(3);
  }
}
