package io.surprisal.service.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.service.run.EmbeddedBroker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two members that score in batches, in processes of their own, each with a standby of what is
 * pending at the other, and what can happen to them while images are pending: killed (−9), one or
 * both; ended in order; made to stand still until the group has expelled them. A plain consumer of
 * committed records counts.
 */
@Tag("system")
@Tag("waiting")
class KilledMembersTest {

  private static final int IMAGES = 4_000;
  private static final int IMAGES_A_SECOND = 250;

  /** Every so many images one is no image. */
  private static final int GARBAGE_EVERY = 50;

  private static final int CAMERAS = 12;
  private static final String APPLICATION = "killed-members";
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final RecordFormat<AlertIncident> INCIDENTS = RecordFormat.of(AlertIncident.class);

  @TempDir private Path folder;
  private final Random random = new Random(5);
  private String server;

  @Test
  @Timeout(180)
  void shouldAnswerEveryImageExactlyOnceWhateverHappensToItsScorers() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("broker"), "localhost", 0)) {
      server = broker.bootstrapServer();
      assertThat(CommandRun.of("topics", "--bootstrap-server", server).exitCode()).isZero();
      CompletableFuture<List<ImageLocation>> publishing =
          CompletableFuture.supplyAsync(this::publish);
      String said = runFaults();

      verify(publishing.get());
      assertThat(said).as("images were pending when a member ended").contains("are read again");
    }
  }

  /** What the members said on standard error. */
  private String runFaults() throws Exception {
    List<CommandProcess> all = new ArrayList<>();
    try (Records.Follower scores = new Records.Follower(server, "surprisal.scores")) {
      CommandProcess left = member("left", all);
      CommandProcess right = member("right", all);
      awaitMore(scores);
      left.kill();
      awaitMore(scores);
      left = member("left", all);
      awaitMore(scores);
      right.terminate();
      right = member("right", all);
      awaitMore(scores);
      left.kill();
      right.kill();
      left = member("left", all);
      awaitMore(scores);
      right = member("right", all);
      awaitMore(scores);
      left.pause();
      awaitMore(scores); // right has taken over, so the group has expelled left
      awaitMore(scores);
      left.resume();
      await()
          .atMost(Duration.ofSeconds(90))
          .pollInterval(Duration.ofMillis(50))
          .until(() -> scores.poll().size() >= IMAGES - IMAGES / GARBAGE_EVERY);
      assertThat(left.terminate()).isEqualTo(143);
      assertThat(right.terminate()).isEqualTo(143);
      StringBuilder said = new StringBuilder();
      for (CommandProcess member : all) {
        said.append(member.err());
      }
      return said.toString();
    } finally {
      for (CommandProcess member : all) {
        member.close();
      }
    }
  }

  private CommandProcess member(String name, List<CommandProcess> all) throws IOException {
    CommandProcess member =
        CommandProcess.start(
            folder, BatchingMember.class, server, APPLICATION, folder.resolve(name).toString());
    all.add(member);
    return member;
  }

  /** Until there are some more scores than there were: a random moment of the stream. */
  private void awaitMore(Records.Follower scores) {
    int enough =
        Math.min(scores.poll().size() + 50 + random.nextInt(250), IMAGES - IMAGES / GARBAGE_EVERY);
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(1))
        .until(() -> scores.poll().size() >= enough);
  }

  /** Publishes at a steady rate; returns where the images lie, by their number. */
  private List<ImageLocation> publish() {
    List<ImageLocation> locations = new ArrayList<>();
    try (Producer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server, "acks", "all"),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      long start = System.nanoTime();
      for (int image = 0; image < IMAGES; image++) {
        long ahead = start + image * 1_000_000_000L / IMAGES_A_SECOND - System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(ahead);
        RecordMetadata metadata =
            producer
                .send(
                    new ProducerRecord<>(
                        "surprisal.images",
                        ("camera-" + image % CAMERAS).getBytes(UTF_8),
                        garbage(image)
                            ? ("garbage-" + image).getBytes(UTF_8)
                            : BatchingMember.event(
                                "image-" + image, "camera-" + image % CAMERAS, (byte) image)))
                .get();
        locations.add(new ImageLocation(metadata.topic(), metadata.partition(), metadata.offset()));
      }
    } catch (Exception e) {
      throw new IllegalStateException("the camera failed", e);
    }
    return locations;
  }

  private static boolean garbage(int image) {
    return image % GARBAGE_EVERY == 0;
  }

  private void verify(List<ImageLocation> locations) {
    List<ConsumerRecord<byte[], byte[]>> scoreRecords =
        Records.read(server, "surprisal.scores", IMAGES - IMAGES / GARBAGE_EVERY);
    List<ConsumerRecord<byte[], byte[]>> deadLetters =
        Records.read(server, "surprisal.dead-letters", IMAGES / GARBAGE_EVERY);
    List<ImageScore> scores =
        scoreRecords.stream().map(record -> SCORES.decode(record.value())).toList();
    List<String> answered = new ArrayList<>();
    scores.forEach(score -> answered.add(score.getImageId() + " at " + score.getLocation()));
    deadLetters.forEach(
        letter -> answered.add(new String(letter.value(), UTF_8) + " at " + location(letter)));
    List<String> published = new ArrayList<>();
    for (int image = 0; image < IMAGES; image++) {
      published.add(
          (garbage(image) ? "garbage-" : "image-") + image + " at " + locations.get(image));
    }
    assertThat(answered)
        .as("each image one score or dead letter")
        .containsExactlyInAnyOrderElementsOf(published);
    assertThat(scores)
        .allSatisfy(
            score ->
                assertThat(score.getBitsPerDim())
                    .as(score.getImageId())
                    .isEqualTo(Integer.parseInt(score.getImageId().substring(6)) % 256));
    Map<String, Long> lastOffset = new HashMap<>();
    for (int i = 0; i < scores.size(); i++) {
      ImageLocation location = scores.get(i).getLocation();
      String way = location.getPartition() + " to " + scoreRecords.get(i).partition();
      Long before = lastOffset.put(way, location.getOffset());
      assertThat(before == null || before < location.getOffset())
          .as("order of the scores from partition %s at %s", way, location)
          .isTrue();
    }
    List<String> alerting =
        scores.stream()
            .filter(score -> score.getVerdict() == ScoreVerdict.ALERT)
            .map(ImageScore::getImageId)
            .toList();
    assertThat(alerting).isNotEmpty();
    List<AnomalyAlert> alerts =
        Records.read(server, "surprisal.alerts", alerting.size()).stream()
            .map(record -> ALERTS.decode(record.value()))
            .toList();
    assertThat(alerts)
        .extracting(AnomalyAlert::getImageId)
        .containsExactlyInAnyOrderElementsOf(alerting);
    requireTrueIncidents(alerts);
  }

  /**
   * Each alert is of an incident that was told of, and each that is over has counted its alerts.
   */
  private void requireTrueIncidents(List<AnomalyAlert> alerts) {
    Map<String, Long> counted =
        alerts.stream()
            .collect(
                Collectors.groupingBy(
                    alert -> alert.getIncidentId() + "-" + alert.getLocation().getPartition(),
                    Collectors.counting()));
    Map<String, AlertIncident> told = new HashMap<>();
    Records.read(server, "surprisal.incidents", counted.size())
        .forEach(
            record -> told.put(new String(record.key(), UTF_8), INCIDENTS.decode(record.value())));
    assertThat(told).containsOnlyKeys(counted.keySet());
    assertThat(told)
        .allSatisfy(
            (key, incident) -> {
              if (incident.getState() == IncidentState.CLOSED) {
                assertThat(incident.getAlerts()).isEqualTo(counted.get(key));
              } else {
                assertThat(incident.getAlerts()).isBetween(1L, counted.get(key));
              }
            });
    assertThat(told.values()).extracting(AlertIncident::getState).contains(IncidentState.CLOSED);
  }

  private static ImageLocation location(ConsumerRecord<byte[], byte[]> letter) {
    return new ImageLocation(
        header(letter, "surprisal.topic"),
        Integer.parseInt(header(letter, "surprisal.partition")),
        Long.parseLong(header(letter, "surprisal.offset")));
  }

  private static String header(ConsumerRecord<byte[], byte[]> letter, String name) {
    return new String(letter.headers().lastHeader(name).value(), UTF_8);
  }
}
