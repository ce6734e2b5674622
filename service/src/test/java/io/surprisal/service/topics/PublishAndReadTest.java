package io.surprisal.service.topics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageRepair;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.IncidentAlert;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.SourceStatistics;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.system.ClassBroker;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.system.Records;
import io.surprisal.topology.records.DeadLetter;
import io.surprisal.topology.records.DeadLetterReason;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.processor.api.Record;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Each test has topics of its own, by their prefix. */
@Timeout(120)
@Tag("system")
@Tag("waiting")
public class PublishAndReadTest {

  private static final RecordFormat<ImageEvent> EVENTS = RecordFormat.of(ImageEvent.class);
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<AlertIncident> INCIDENTS = RecordFormat.of(AlertIncident.class);
  private static final RecordFormat<SourceStatistics> STATISTICS =
      RecordFormat.of(SourceStatistics.class);

  @RegisterExtension static final ClassBroker broker = new ClassBroker();

  @TempDir private Path folder;

  @Test
  void shouldSendFilesAsTheyAreAndDataSetsRaw() throws Exception {
    topics("send.");
    Files.createDirectory(folder.resolve("sub"));
    Path png = png(folder.resolve("sub/a.png"), 5, 4);
    byte[] pixels = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    Path idx = idx(folder.resolve("set-idx3-ubyte"), pixels, 2, 2, 3);

    CommandRun run =
        run(
            "send.",
            "publish",
            "--source",
            "cam",
            "--key",
            "image",
            folder.toString(),
            idx.toString(),
            "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode result = Json.MAPPER.readTree(run.out());
    assertThat(result.get("published").asInt()).isEqualTo(3);
    assertThat(result.get("leftOut").asInt()).isZero();
    var records = Records.read(broker.bootstrapServer(), "send.images", 3);
    assertThat(records)
        .extracting(record -> new String(record.key(), UTF_8))
        .containsExactlyInAnyOrder("sub/a.png", "set-idx3-ubyte#0", "set-idx3-ubyte#1");
    for (var record : records) {
      ImageEvent event = EVENTS.decode(record.value());
      assertThat(event.getSource()).isEqualTo("cam");
      assertThat(event.getImageId()).isEqualTo(new String(record.key(), UTF_8));
      byte[] body = new byte[event.getBody().remaining()];
      event.getBody().get(body);
      if (event.getFormat() == BodyFormat.PNG) {
        assertThat(body).isEqualTo(Files.readAllBytes(png));
      } else {
        assertThat(event.getFormat()).isEqualTo(BodyFormat.GRAY8);
        assertThat(List.of(event.getWidth(), event.getHeight())).containsExactly(3, 2);
        int from = event.getImageId().endsWith("#0") ? 0 : 6;
        assertThat(body).isEqualTo(Arrays.copyOfRange(pixels, from, from + 6));
      }
    }
  }

  @Test
  void shouldNameWhatIsTooLargeOrNoImageAndSendTheRest() throws Exception {
    topics("rest.");
    Path tooLarge = noise(folder.resolve("large.png"), 3072); // 9 MiB and a little
    long bytes = Files.size(tooLarge);
    Path text = Files.writeString(folder.resolve("text.jpg"), "hello");
    Path empty = Files.createFile(folder.resolve("empty.jpg"));
    byte[] half = Files.readAllBytes(noise(folder.resolve("whole.png"), 64));
    Path cut = Files.write(folder.resolve("cut.png"), Arrays.copyOf(half, half.length / 2));
    Path many = png(folder.resolve("many.png"), 8193, 1);
    Path good = png(folder.resolve("good.png"), 2, 2);

    CommandRun run =
        run(
            "rest.",
            "publish",
            "--source",
            "cam",
            "--json",
            "" + tooLarge,
            "" + text,
            "" + empty,
            "" + cut,
            "" + many,
            "" + good);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.errLines())
        .hasSize(5)
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .contains("left out large.png: its " + bytes + " bytes")
                    .contains("topic rest.images", "8519680")
                    .contains("'surprisal topics --max-image-bytes 10485760 --raise-limits'"),
            line ->
                assertThat(line)
                    .contains("left out text.jpg: These 5 bytes are neither a PNG nor a JPEG"),
            line -> assertThat(line).contains("left out empty.jpg: the file is empty"),
            line -> assertThat(line).contains("left out cut.png: The PNG ends before"),
            line -> assertThat(line).contains("left out many.png: The image claims 8193×1"));
    JsonNode result = Json.MAPPER.readTree(run.out());
    assertThat(result.get("published").asInt()).isEqualTo(1);
    assertThat(result.get("leftOut").asInt()).isEqualTo(5);
    assertThat(result.get("refused"))
        .extracting(refused -> refused.get("image").asText() + " " + refused.get("reason").asText())
        .containsExactly(
            "large.png LARGER_THAN_TOPIC",
            "text.jpg NOT_AN_IMAGE",
            "empty.jpg NOT_AN_IMAGE",
            "cut.png TRUNCATED",
            "many.png TOO_LARGE");
    assertThat(Records.read(broker.bootstrapServer(), "rest.images", 1))
        .singleElement()
        .satisfies(
            record -> assertThat(EVENTS.decode(record.value()).getImageId()).isEqualTo("good.png"));
  }

  @Test
  void shouldSendTheLargestImageThatTheTopicWasMadeFor() throws Exception {
    Path file = noise(folder.resolve("large.png"), 1700);
    run("large.", "topics", "--max-image-bytes", "" + Files.size(file));

    assertThat(run("large.", "publish", "--source", "cam", "" + file).exitCode()).isZero();
  }

  @Test
  void shouldLeaveOutWhatOnlyKafkaFindsTooLarge() throws Exception {
    topics("less.");
    Path large = noise(folder.resolve("large.png"), 100);
    Path small = noise(folder.resolve("small.png"), 8);

    CommandRun run =
        run(
            "less.",
            "publish",
            "--source",
            "cam",
            "--kafka",
            "max.request.size=5000",
            "" + large,
            "" + small);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.errLines())
        .singleElement()
        .satisfies(
            line -> assertThat(line).contains("left out large.png: Kafka", "max.request.size"));
    assertThat(run.out()).contains("Published 1 images", "left out 1");
  }

  @Test
  void shouldSayWhatTopicsTakeTooLittleAndRaiseIt() throws Exception {
    run("raise.", "topics", "--max-image-bytes", "100000");
    Path file = noise(folder.resolve("a.png"), 600); // more than image and envelope of before
    assertThat(run("raise.", "publish", "--source", "cam", "" + file).exitCode()).isEqualTo(1);

    CommandRun told = run("raise.", "topics");
    CommandRun raised = run("raise.", "topics", "--raise-limits");
    CommandRun lower = run("raise.", "topics", "--raise-limits", "--max-image-bytes", "1000");

    assertThat(told.out())
        .containsPattern("raise.images +DIFFERENT +max.message.bytes is 231072, expected 8519680");
    assertThat(told.errLines())
        .singleElement()
        .satisfies(
            line ->
                assertThat(line)
                    .contains("8388608 bytes", "raise.images, raise.dead-letters")
                    .contains("--raise-limits"));
    assertThat(raised.err()).isEmpty();
    assertThat(raised.out())
        .containsPattern("raise.images +RAISED *\\n")
        .containsPattern("raise.dead-letters +RAISED *\\n")
        .containsPattern("raise.scores +AS_EXPECTED");
    assertThat(lower.out())
        .containsPattern("raise.images +DIFFERENT +max.message.bytes is 8519680, expected 132072");
    assertThat(run("raise.", "publish", "--source", "cam", "" + file).exitCode()).isZero();
  }

  @Test
  void shouldRefuseALimitThatNoBrokerTakes() {
    CommandRun run = run("none.", "topics", "--max-image-bytes", "67108865");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--max-image-bytes is 67108865, must be 1 to 67108864");
  }

  @Test
  void shouldNotSendFasterThanTheRate() throws Exception {
    topics("rate.");
    Path idx = idx(folder.resolve("set-idx3-ubyte"), new byte[21], 21, 1, 1);

    CommandRun run = run("rate.", "publish", "--source", "cam", "--rate", "40", "" + idx, "--json");

    // 21 images at 40 a second: the last one half a second after the first.
    assertThat(Json.MAPPER.readTree(run.out()).get("seconds").asDouble()).isGreaterThan(0.49);
  }

  @Test
  void shouldPrintStatisticsAndTheComparisonWithACandidate() throws Exception {
    topics("stat.");
    Instant start = Instant.parse("2026-01-02T03:04:00Z");
    SourceStatistics.Builder window =
        SourceStatistics.newBuilder()
            .setSource("line-3")
            .setWindowStart(start)
            .setWindowEnd(start.plusSeconds(60))
            .setReleaseId("a".repeat(64))
            .setImages(1)
            .setAlerts(0)
            .setAlertRate(0)
            .setMeanBitsPerDim(4.5);
    byte[] first = STATISTICS.encode(window.build());
    window
        .setImages(40)
        .setAlerts(2)
        .setAlertRate(0.05)
        .setStandardDeviation(0.25)
        .setDriftStatistic(-1.25)
        .setCandidateReleaseId("b".repeat(64))
        .setCompared(10)
        .setNotCompared(3)
        .setComparedMeanBitsPerDim(4.5)
        .setCandidateMeanBitsPerDim(4.25)
        .setDifferenceStandardError(0.125)
        .setCandidateAlerts(1);
    Records.send(
        broker.bootstrapServer(), "stat.statistics", first, STATISTICS.encode(window.build()));

    CommandRun people = run("stat.", "statistics", "--from-beginning", "--max", "2");
    CommandRun json = run("stat.", "statistics", "--from-beginning", "--max", "2", "--json");

    assertThat(people.out().lines().sorted())
        .satisfiesExactlyInAnyOrder(
            line -> assertThat(line).contains("1 images", "4.5000 bits/dim", "drift unknown"),
            line ->
                assertThat(line)
                    .contains("40 images", "5.0 % alerts", "4.5000 ± 0.2500", "drift -1.3")
                    .contains("candidate bbbbbbbbbbbb on 10: -0.2500 ± 0.1250 bits/dim")
                    .contains("1 alerts (now 0), 3 left out"));
    List<Integer> images = new ArrayList<>();
    for (String line : json.out().lines().toList()) {
      images.add(Json.MAPPER.readTree(line).get("images").asInt());
    }
    assertThat(images).containsExactlyInAnyOrder(1, 40);
  }

  @Test
  void shouldPrintOneJsonObjectALineUpToTheMaximum() throws Exception {
    topics("read.");
    Records.send(
        broker.bootstrapServer(),
        "read.scores",
        SCORES.encode(score("a")),
        "no score".getBytes(UTF_8),
        SCORES.encode(score("b")),
        SCORES.encode(score("c")));

    CommandRun all = run("read.", "scores", "--from-beginning", "--max", "3", "--json");
    CommandRun two = run("read.", "scores", "--from-beginning", "--max", "2");
    CommandRun more = run("read.", "scores", "--from-beginning", "--max", "9", "--timeout", "1s");

    assertThat(all.exitCode()).isZero();
    assertThat(all.outLines()).hasSize(3);
    for (String line : all.outLines()) {
      JsonNode node = Json.MAPPER.readTree(line);
      assertThat(node.fieldNames())
          .toIterable()
          .containsExactlyElementsOf(
              ImageScore.getClassSchema().getFields().stream().map(f -> f.name()).toList());
      assertThat(node.get("bitsPerDim").asDouble()).isEqualTo(3.25);
      assertThat(node.get("eventTime").asText()).isEqualTo("2026-01-02T03:04:05Z");
      assertThat(node.get("threshold").isNull()).isTrue();
      assertThat(node.get("location").get("partition").asInt()).isEqualTo(1);
      assertThat(node.get("noiseLevels")).hasSize(2);
    }
    assertThat(two.outLines()).hasSize(2).allSatisfy(line -> assertThat(line).contains("3.2500"));
    assertThat(more.exitCode()).isZero();
    assertThat(more.outLines()).hasSize(3);
  }

  private static ProducerRecord<byte[], byte[]> letter(String id, BodyFormat format, byte[] body) {
    ImageEvent event =
        new ImageEvent(id, "cam", Instant.EPOCH, format, 0, 0, ByteBuffer.wrap(body));
    Record<byte[], byte[]> dead =
        DeadLetter.of(
            new Record<>(
                id.getBytes(UTF_8),
                EVENTS.encode(event),
                0,
                new RecordHeaders().add("trace", new byte[] {7})),
            new ImageLocation("surprisal.images", 3, 41L),
            DeadLetterReason.WRONG_CHANNELS,
            new IllegalStateException("it is \u001b[2J red"),
            1 << 20);
    return new ProducerRecord<>(
        "dead.dead-letters", 0, 0L, dead.key(), dead.value(), dead.headers());
  }

  private static void send(List<ProducerRecord<byte[], byte[]>> records) throws Exception {
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.bootstrapServer()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (ProducerRecord<byte[], byte[]> record : records) {
        producer.send(record).get();
      }
    }
  }

  @Test
  void shouldListAndFollowIncidentsAsWholes() throws Exception {
    topics("storm.");
    send(
        Stream.of(
                incident("a", 0, IncidentState.OPEN, 1),
                incident("a", 1, IncidentState.OPEN, 2),
                incident("b", 0, IncidentState.CLOSED, 1),
                incident("a", 0, IncidentState.CLOSED, 40))
            .map(
                of ->
                    new ProducerRecord<>(
                        "storm.incidents",
                        0,
                        (of.getIncidentId() + "-" + of.getImagesPartition()).getBytes(UTF_8),
                        INCIDENTS.encode(of)))
            .toList());

    CommandRun all = run("storm.", "incidents", "--json");
    assertThat(all.exitCode()).as(all.err()).isZero();
    JsonNode listed = Json.MAPPER.readTree(all.out());
    assertThat(listed).hasSize(2);
    JsonNode storm = listed.get(listed.get(0).get("incidentId").asText().equals("a") ? 0 : 1);
    assertThat(storm.get("state").asText()).isEqualTo("OPEN");
    assertThat(storm.get("alerts").asInt()).isEqualTo(42);
    assertThat(storm.get("images").asInt()).isEqualTo(84);
    assertThat(storm.get("closedAt").isNull()).isTrue();
    assertThat(storm.get("first").get("imageId").asText()).isEqualTo("image-a-0");
    assertThat(storm.get("strongest").get("imageId").asText()).isEqualTo("image-a-1");
    assertThat(storm.get("imagesPartitions")).hasSize(2);

    assertThat(run("storm.", "incidents", "--open").out())
        .contains("42", "LOW_LIKELIHOOD")
        .doesNotContain("CLOSED");
    assertThat(run("storm.", "incidents", "--least", "100").out().lines()).hasSize(1);
    CommandRun followed =
        run("storm.", "incidents", "--follow", "--from-beginning", "--max", "4", "--source", "cam");
    assertThat(followed.exitCode()).as(followed.err()).isZero();
    assertThat(followed.out().lines()).hasSize(4).allMatch(line -> line.contains("  cam  "));
  }

  /** Five of forty are as strange as can be: 5 · 0.1 / 40 is above their p-value. */
  @Test
  void shouldPrintTheScoresThatStandOutOfTheirWindow() throws Exception {
    topics("fdr.");
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < 42; i++) {
      ImageScore score = score("image-" + i);
      score.setPValue(i % 8 == 3 ? 0.01 : 0.2 + 0.01 * i);
      records.add(new ProducerRecord<>("fdr.scores", 0, null, SCORES.encode(score)));
    }
    send(records);

    CommandRun run =
        run(
            "fdr.",
            "alerts",
            "--fdr",
            "0.1",
            "--window",
            "40",
            "--from-beginning",
            "--max",
            "42",
            "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out().lines())
        .map(line -> Json.MAPPER.readTree(line).get("imageId").asText())
        .containsExactly("image-3", "image-11", "image-19", "image-27", "image-35");
    assertThat(run("fdr.", "alerts", "--fdr", "1.5").exitCode()).isEqualTo(2);
  }

  private static AlertIncident incident(
      String id, int partition, IncidentState state, long alerts) {
    Instant opened = Instant.parse("2026-01-02T03:04:05Z").plusSeconds(partition);
    IncidentAlert first =
        new IncidentAlert(
            "a", "image-" + id + "-" + partition, opened, 0.01 / (1 + partition), 4.0);
    return AlertIncident.newBuilder()
        .setIncidentId(id)
        .setSource("cam")
        .setImagesPartition(partition)
        .setState(state)
        .setOpenedAt(opened)
        .setLastAlertAt(opened.plusSeconds(9))
        .setClosedAt(state == IncidentState.CLOSED ? opened.plusSeconds(10) : null)
        .setAlerts(alerts)
        .setImages(2 * alerts)
        .setFirst(first)
        .setStrongest(first)
        .setReasons(List.of(AlertReason.LOW_LIKELIHOOD))
        .setReleaseId("release")
        .setAlertRate(0.01)
        .build();
  }

  @Test
  void shouldSaveThePicturesOfDeadLettersUnderSafeNames() throws Exception {
    topics("dead.", "--partitions", "1");
    byte[] png = Files.readAllBytes(png(folder.resolve("a.png"), 5, 4));
    byte[] webp = "RIFF____WEBPVP8 ".getBytes(UTF_8);
    Records.send(broker.bootstrapServer(), "dead.dead-letters", "no letter".getBytes(UTF_8));
    send(
        List.of(
            letter("../../etc/a.sh", BodyFormat.FILE, png),
            letter("/root/\u001b[2Jb.jpg", BodyFormat.FILE, png),
            letter("c.webp", BodyFormat.FILE, webp),
            letter("", BodyFormat.FILE, "#!/bin/sh".getBytes(UTF_8))));
    Path out = folder.resolve("out");
    Path link = Files.createDirectory(out).resolve("0-4.bin");
    Files.createSymbolicLink(link, folder.resolve("target"));

    CommandRun first = run("dead.", "dead-letters", "--save", "" + out);
    CommandRun again = run("dead.", "dead-letters", "--save", "" + out, "--json", "--max", "9");

    try (var files = Files.walk(out)) {
      assertThat(files.filter(Files::isRegularFile).map(file -> "" + out.relativize(file)))
          .containsExactlyInAnyOrder("0-1-a.png", "0-2-2Jb.png", "0-3-c.webp", "0-4_2.bin");
    }
    assertThat(folder.resolve("target")).doesNotExist();
    assertThat(Files.readAllBytes(out.resolve("0-1-a.png"))).isEqualTo(png);
    assertThat(first.exitCode()).isEqualTo(1); // a record that is no dead letter
    assertThat(first.err()).contains("left dead.dead-letters-0 at offset 0: a dead letter without");
    assertThat(first.outLines().get(1))
        .startsWith("surprisal.images-3 at offset 41  cam  /root/\\u{1b}[2Jb.jpg  WRONG_CHANNELS")
        .endsWith("it is \\u{1b}[2J red  " + out.resolve("0-2-2Jb.png"));
    assertThat(first.out()).doesNotContain("\u001b").endsWith(", left 1\n");
    JsonNode json = Json.MAPPER.readTree(again.outLines().get(1));
    assertThat(json.get("imageId").asText()).isEqualTo("/root/\u001b[2Jb.jpg");
    assertThat(json.get("source").asText()).isEqualTo("cam");
    assertThat(json.get("fileName").asText()).isEqualTo("\u001b[2Jb.jpg");
    assertThat(json.get("file").asText()).isEqualTo("" + out.resolve("0-2-2Jb.png"));
    assertThat(Json.MAPPER.readTree(again.outLines().get(3)).get("imageId").isNull()).isTrue();
  }

  @Test
  void shouldSendDeadLettersAgainAsTheyWereAndEachOnce() throws Exception {
    topics("dead.again.");
    ProducerRecord<byte[], byte[]> one = letter("a.png", BodyFormat.FILE, new byte[] {1, 2, 3});
    ProducerRecord<byte[], byte[]> two = letter("b.png", BodyFormat.FILE, new byte[] {4});
    String topic = "dead.again.dead-letters";
    List<ProducerRecord<byte[], byte[]>> letters = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> record : List.of(one, two, one)) {
      letters.add(
          new ProducerRecord<>(topic, null, 0L, record.key(), record.value(), record.headers()));
    }
    send(letters);

    CommandRun first = run("dead.again.", "dead-letters", "--republish");
    CommandRun second = run("dead.again.", "dead-letters", "--republish");
    CommandRun all =
        run("dead.again.", "dead-letters", "--republish", "--from-beginning", "--max", "1");

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out()).endsWith("Republished 2 images to dead.again.images\n");
    assertThat(second.out()).isEqualTo("Republished 0 images to dead.again.images\n");
    assertThat(all.out()).endsWith("Republished 1 images to dead.again.images\n");
    var images = Records.read(broker.bootstrapServer(), "dead.again.images", 3);
    assertThat(images).hasSize(3);
    for (var image : images) {
      boolean isOne = new String(image.key(), UTF_8).equals("a.png");
      assertThat(image.value()).isEqualTo((isOne ? one : two).value());
      assertThat(image.headers().toArray())
          .singleElement()
          .satisfies(header -> assertThat(header.key()).isEqualTo("trace"));
      assertThat(image.timestamp()).isGreaterThan(0);
    }
  }

  @Test
  void shouldBeginAtTheEndAndStopWhenTold() throws Exception {
    topics("end.");
    Records.send(broker.bootstrapServer(), "end.scores", SCORES.encode(score("old")));
    StopSignal stop = new StopSignal();
    CompletableFuture<CommandRun> running =
        CompletableFuture.supplyAsync(
            () ->
                CommandRun.of(
                    Map.of(),
                    stop,
                    "scores",
                    "--json",
                    "--max",
                    "1",
                    "--topic-prefix",
                    "end.",
                    "--bootstrap-server",
                    broker.bootstrapServer()));
    // The reader may not have found its place yet, so new scores are sent until one is read.
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              Records.send(broker.bootstrapServer(), "end.scores", SCORES.encode(score("new")));
              return running.isDone();
            });

    assertThat(running.get().outLines())
        .singleElement()
        .satisfies(line -> assertThat(line).contains("\"new\""));

    stop.request();
    CommandRun stopped =
        CommandRun.of(
            Map.of(),
            stop,
            "alerts",
            "--topic-prefix",
            "end.",
            "--bootstrap-server",
            broker.bootstrapServer());
    assertThat(stopped.exitCode()).isZero();
  }

  @Test
  void shouldSayThatTheTopicsLack() throws Exception {
    Path image = png(folder.resolve("a.png"), 2, 2);

    for (CommandRun run :
        List.of(
            run("none.", "scores", "--max", "1"),
            run("none.", "publish", "--source", "cam", "" + image))) {
      assertThat(run.exitCode()).isEqualTo(3);
      assertThat(run.errLines()).hasSize(1);
      assertThat(run.err()).contains("there is no topic none.", "'surprisal topics'");
    }
  }

  @Test
  void shouldSayWhatDiffersInTopicsThatExist() {
    run("differ.", "topics", "--partitions", "2");

    CommandRun run = run("differ.", "topics", "--partitions", "3", "--dry-run");

    assertThat(run.out()).containsPattern("differ.images +DIFFERENT +partitions is 2, expected 3");
  }

  private static void topics(String prefix, String... options) {
    String[] all = Stream.concat(Stream.of("topics"), Stream.of(options)).toArray(String[]::new);
    assertThat(run(prefix, all).exitCode()).isZero();
  }

  private static CommandRun run(String prefix, String... args) {
    String[] all = Arrays.copyOf(args, args.length + 4);
    all[args.length] = "--topic-prefix";
    all[args.length + 1] = prefix;
    all[args.length + 2] = "--bootstrap-server";
    all[args.length + 3] = broker.bootstrapServer();
    return CommandRun.of(all);
  }

  private static ImageScore score(String imageId) {
    return new ImageScore(
        imageId,
        "cam",
        Instant.parse("2026-01-02T03:04:05Z"),
        "release",
        "float32",
        3.25,
        0.5,
        1.0,
        2.0,
        0.25,
        List.of(1f, 2f),
        List.of(3f, 4f),
        2,
        ScoreVerdict.UNCALIBRATED,
        null,
        null,
        null,
        new ImageLocation("surprisal.images", 1, 2L),
        null,
        null,
        null,
        List.of(ImageRepair.NO_END_MARKER),
        null,
        null,
        null);
  }

  private static Path png(Path file, int width, int height) throws IOException {
    ImageIO.write(
        new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY), "png", file.toFile());
    return file;
  }

  /** A square picture that no compression makes smaller than a byte a pixel. */
  private static Path noise(Path file, int side) throws IOException {
    byte[] pixels = new byte[side * side];
    new Random(side).nextBytes(pixels);
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_BYTE_GRAY);
    image.getRaster().setDataElements(0, 0, side, side, pixels);
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  /** An IDX file written by hand: n images of height × width grey bytes. */
  public static Path idx(Path file, byte[] pixels, int n, int height, int width)
      throws IOException {
    ByteBuffer content = ByteBuffer.allocate(16 + pixels.length);
    content.putInt(0x803).putInt(n).putInt(height).putInt(width).put(pixels);
    return Files.write(file, content.array());
  }
}
