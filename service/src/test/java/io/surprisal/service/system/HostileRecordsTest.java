package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.surprisal.handover.DirectAnnouncement;
import io.surprisal.handover.Trust;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.service.run.ScoringService;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import io.surprisal.topology.topics.TopicSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.util.RandomData;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What anybody with an ordinary producer may send to any topic. All attacks share one broker. */
@Tag("system")
@Tag("waiting")
class HostileRecordsTest {
  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int SIDE = 8;
  private static final int OF_EACH = 12;

  /** What belongs into each topic that scorers and trainers read. */
  private static final Map<String, Schema> TYPES =
      Map.of(
          TOPICS.images(), ImageEvent.getClassSchema(),
          TOPICS.scores(), ImageScore.getClassSchema(),
          TOPICS.alerts(), AnomalyAlert.getClassSchema(),
          TOPICS.control(), ControlCommand.getClassSchema(),
          TOPICS.releases(), ReleaseAnnouncement.getClassSchema(),
          TOPICS.trainer(), TrainerEvent.getClassSchema(),
          TOPICS.statistics(), SourceStatistics.getClassSchema(),
          TOPICS.reviews(), AlertReview.getClassSchema());

  @TempDir private static Path folder;
  private static TrainerProcesses system;
  private final Random random = new Random(21);

  @BeforeAll
  static void startABroker() throws IOException {
    system = new TrainerProcesses(folder);
  }

  @AfterAll
  static void stop() throws InterruptedException {
    system.close();
  }

  private static KafkaProducer<byte[], byte[]> producer(String compression) {
    return new KafkaProducer<>(
        Map.of(
            "bootstrap.servers",
            system.server(),
            "compression.type",
            compression,
            "max.request.size",
            64 << 20,
            "buffer.memory",
            128L << 20),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  /** 16 MiB of zeros are 500 bytes of zstd; so are gigabytes, which no heap has room for. */
  @Test
  @Timeout(120)
  void shouldRefuseRecordsThatHoldMoreThanTheirTopicTakes() throws Exception {
    List<String> read =
        TopicSettings.defaults(TOPICS).stream()
            .filter(topic -> topic.compression().equals("uncompressed"))
            .map(TopicSettings::name)
            .toList();
    assertThat(read).containsAll(TYPES.keySet());
    try (KafkaProducer<byte[], byte[]> producer = producer("zstd")) {
      for (String topic : read) {
        assertThatExceptionOfType(ExecutionException.class)
            .as(topic)
            .isThrownBy(
                () ->
                    producer
                        .send(new ProducerRecord<>(topic, 0, new byte[1], new byte[16 << 20]))
                        .get())
            .withCauseInstanceOf(RecordTooLargeException.class);
      }
    }
  }

  @Test
  @Timeout(120)
  void shouldSayWhichTopicsMeasureNothingAndLetThemMeasure() throws Exception {
    ConfigResource images = new ConfigResource(ConfigResource.Type.TOPIC, TOPICS.images());
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", system.server()))) {
      admin
          .incrementalAlterConfigs(
              Map.of(
                  images,
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry("compression.type", "producer"),
                          AlterConfigOp.OpType.SET))))
          .all()
          .get();
    }
    String[] topics = {"topics", "--bootstrap-server", system.server()};
    await().atMost(PATIENCE).until(() -> CommandRun.of(topics).out().contains("DIFFERENT"));

    CommandRun found = CommandRun.of(topics);
    assertThat(found.out()).contains("compression.type is producer, expected uncompressed");
    assertThat(found.err()).contains(TOPICS.images(), "--uncompress");

    CommandRun changed = CommandRun.of(topics[0], topics[1], topics[2], "--uncompress");
    assertThat(changed.out()).containsPattern("surprisal\\.images +UNCOMPRESSED");
    assertThat(CommandRun.of(topics).out()).doesNotContain("DIFFERENT");
  }

  /** After all of it the trainer answers a command, and the scorer scores an image. */
  @Test
  @Timeout(280)
  void shouldOutliveWhateverComesInOnAnyTopic() throws Exception {
    Release release =
        Release.untrained(
            folder.resolve("r"),
            FitConfiguration.named("tiny").model(new ImageShape(1, SIDE, SIDE)),
            1);
    DirectAnnouncement.of(
        folder.resolve("r"),
        release,
        system.store(),
        Map.of("bootstrap.servers", system.server()),
        TOPICS,
        "test");
    CommandProcess trainer = system.trainer("trainer");
    try (ScoringService scorer = scorer();
        Records.Follower scores = new Records.Follower(system.server(), TOPICS.scores())) {
      assertThat(scorer.awaitStart(PATIENCE)).isTrue();
      // What is there when the trainer reads the history, and what comes while it works.
      sendHostile();
      answeredBy(trainer);
      sendHostile();
      answeredBy(trainer);

      scored(scores);
      assertThat(scorer.failure()).isEmpty();
      trainer.requireAlive();
    }
    // The history holds all of it: the next trainer reads it from the beginning.
    trainer.kill();
    answeredBy(system.trainer("another"));
  }

  private ScoringService scorer() {
    return ScoringService.ofAnnounced(
        any -> Execution.CPU,
        1,
        Scoring.simple(1, 0.01, Execution.CPU.devices()),
        TOPICS,
        new StreamSettings(
            "hostile",
            system.server(),
            folder.resolve("state"),
            1,
            Optional.empty(),
            ImageSizeLimit.DEFAULT.deadLetterBytes(),
            Map.of()),
        Map.of("bootstrap.servers", system.server()),
        "scorer",
        Trust.ANYBODY,
        Optional.of(system.store()));
  }

  private static void answeredBy(CommandProcess trainer) throws IOException {
    CommandRun run = system.command("resume");
    assertThat(run.exitCode()).as(run.err() + trainer.err()).isZero();
  }

  private static void scored(Records.Follower scores) throws Exception {
    RecordFormat<ImageScore> format = RecordFormat.of(ImageScore.class);
    String id = "good";
    ImageEvent event =
        new ImageEvent(
            id,
            "camera",
            Instant.now(),
            BodyFormat.GRAY8,
            SIDE,
            SIDE,
            ByteBuffer.wrap(new byte[SIDE * SIDE]));
    try (KafkaProducer<byte[], byte[]> producer = producer("none")) {
      producer
          .send(
              new ProducerRecord<>(
                  TOPICS.images(), RecordFormat.of(ImageEvent.class).encode(event)))
          .get();
    }
    await("the image has its score")
        .atMost(PATIENCE)
        .until(
            () ->
                scores.poll().stream()
                    .filter(record -> record.value() != null)
                    .anyMatch(
                        record -> {
                          try {
                            return format.decode(record.value()).getImageId().equals(id);
                          } catch (RuntimeException e) {
                            return false; // one of the hostile ones
                          }
                        }));
  }

  private void sendHostile() throws Exception {
    try (KafkaProducer<byte[], byte[]> producer = producer("gzip")) {
      for (String topic : TYPES.keySet()) {
        for (byte[] value : hostile(topic)) {
          producer.send(
              new ProducerRecord<>(
                  topic, null, stamp(), random.nextBoolean() ? null : noise(), value));
        }
      }
      byte[] huge =
          RecordFormat.of(ControlCommand.class)
              .encode(
                  ControlCommand.newBuilder()
                      .setCommandId("x".repeat(1_000_000))
                      .setType(CommandType.PAUSE)
                      .setRequestedAt(Instant.now())
                      .build());
      producer.send(new ProducerRecord<>(TOPICS.control(), null, huge)).get();
    }
  }

  /** Of 1970, or of half an hour ahead, which brokers still take. */
  private Long stamp() {
    return random.nextBoolean() ? 0 : Instant.now().plus(Duration.ofMinutes(30)).toEpochMilli();
  }

  private byte[] noise() {
    byte[] bytes = new byte[1 + random.nextInt(200)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Nothing, noise, records of every type and version with random fields, and damaged ones. */
  private List<byte[]> hostile(String topic) throws IOException {
    List<byte[]> values = new ArrayList<>();
    values.add(null);
    values.add(new byte[0]);
    values.add(noise());
    for (Schema type : TYPES.values()) {
      if (!type.equals(TYPES.get(topic))) {
        values.addAll(records(type, 1));
      }
    }
    Schema own = TYPES.get(topic);
    for (byte[] record : records(own, OF_EACH)) {
      values.add(record);
      values.add(Arrays.copyOf(record, random.nextInt(record.length)));
      byte[] flipped = record.clone();
      flipped[random.nextInt(flipped.length)] ^= (byte) (1 + random.nextInt(255));
      values.add(flipped);
    }
    for (int version = 1; ; version++) {
      String name = "/io/surprisal/schemas/v" + version + "/" + own.getName() + ".avsc";
      try (InputStream in = RecordFormat.class.getResourceAsStream(name)) {
        if (in == null) {
          return values;
        }
        values.addAll(records(new Schema.Parser().parse(in), 2));
      }
    }
  }

  /** Records in Avro's single-object encoding, whose fields are what chance makes of them. */
  private List<byte[]> records(Schema schema, int count) throws IOException {
    List<byte[]> records = new ArrayList<>();
    for (Object value : new RandomData(schema, count, random.nextLong())) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      out.write(new byte[] {(byte) 0xC3, 1});
      out.write(
          ByteBuffer.allocate(8)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(SchemaNormalization.parsingFingerprint64(schema))
              .array());
      BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
      new GenericDatumWriter<>(schema).write(value, encoder);
      encoder.flush();
      records.add(out.toByteArray());
    }
    return records;
  }
}
