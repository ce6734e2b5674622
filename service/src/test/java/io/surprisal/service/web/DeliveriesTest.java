package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.IncidentAlert;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DeliveriesTest {
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final TopicPartition PARTITION = new TopicPartition("alerts", 0);
  private static final int MOVED = 307;

  private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
  private final StopSignal stop = new StopSignal();
  private final Deque<Integer> answers = new ArrayDeque<>();
  private final List<String> keys = new ArrayList<>();
  private final List<String> bodies = new ArrayList<>();
  private final List<String> signatures = new ArrayList<>();
  private HttpServer receiver;

  @BeforeEach
  void receive() throws IOException {
    receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    receiver.createContext("/", this::take);
    receiver.start();
    consumer.assign(List.of(PARTITION));
    consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
    consumer.setMaxPollRecords(1);
  }

  @AfterEach
  void end() {
    receiver.stop(0);
  }

  /**
   * Answers as told; the end is asked for when no answer is left. Unlike Kafka, the consumer here
   * has let go what it has given once, so what is to be given again is put back.
   */
  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      keys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
      signatures.add(exchange.getRequestHeaders().getFirst("Surprisal-Signature"));
      bodies.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
      int answer = answers.removeFirst();
      if (answer == MOVED) {
        exchange.getResponseHeaders().set("Location", "/elsewhere");
      }
      if (answer >= 429 && !answers.isEmpty()) {
        consumer.schedulePollTask(() -> record(0, ALERTS.encode(ViewTest.alert(1, "a"))));
      }
      exchange.sendResponseHeaders(answer, -1);
      if (answers.isEmpty()) {
        stop.request();
      }
    }
  }

  private void record(int offset, byte[] value) {
    consumer.addRecord(new ConsumerRecord<>("alerts", 0, offset, null, value));
  }

  private long deliver(Optional<String> secret) throws InterruptedException {
    Webhook webhook =
        new Webhook(
            URI.create("http://localhost:" + receiver.getAddress().getPort() + "/hook"),
            secret,
            InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000)));
    return new Deliveries(
            consumer,
            new Topics(""),
            webhook,
            location -> Optional.of("a picture"),
            new Deliveries.Backoff(Duration.ofMillis(1), Duration.ofMillis(4)))
        .run(stop);
  }

  private long committed() {
    return consumer.committed(Set.of(PARTITION)).get(PARTITION).offset();
  }

  private static String id(int number) {
    return "%032x".formatted(number);
  }

  @Test
  void shouldDeliverInOrderAndSayHowFarItHasCome() throws Exception {
    record(0, ALERTS.encode(ViewTest.alert(1, "<b>")));
    record(1, new byte[] {1, 2, 3});
    record(2, ALERTS.encode(ViewTest.alert(2, "b")));
    answers.addAll(List.of(200, 204));

    assertThat(deliver(Optional.empty())).isEqualTo(2);

    assertThat(keys).containsExactly(id(1), id(2));
    assertThat(committed()).isEqualTo(3);
    assertThat(Json.MAPPER.readTree(bodies.get(0)).path("type").asText()).isEqualTo("alert");
    assertThat(Json.MAPPER.readTree(bodies.get(0)).path("alert").path("source").asText())
        .isEqualTo("<b>");
    assertThat(Json.MAPPER.readTree(bodies.get(0)).path("picturePng").asText())
        .isEqualTo("a picture");
    assertThat(signatures).containsOnlyNulls();
  }

  /** Of a storm through two partitions, and of a single alert. */
  @Test
  void shouldSayOfIncidentsThatTheyBeginAndThatStormsAreOver() throws Exception {
    TopicPartition incidents = new TopicPartition("incidents", 0);
    consumer.assign(List.of(incidents));
    consumer.updateBeginningOffsets(Map.of(incidents, 0L));
    List<AlertIncident> told =
        List.of(
            incident("a", "a", IncidentState.OPEN, 1),
            incident("a", "b", IncidentState.OPEN, 1),
            incident("a", "a", IncidentState.OPEN, 2),
            incident("a", "a", IncidentState.CLOSED, 3),
            incident("a", "b", IncidentState.CLOSED, 3),
            incident("c", "c", IncidentState.OPEN, 1),
            incident("c", "c", IncidentState.CLOSED, 1),
            incident("d", "d", IncidentState.OPEN, 1));
    for (int i = 0; i < told.size(); i++) {
      consumer.addRecord(
          new ConsumerRecord<>(
              "incidents", 0, i, null, RecordFormat.of(AlertIncident.class).encode(told.get(i))));
    }
    answers.addAll(List.of(200, 200, 200, 200));

    assertThat(deliver(Optional.empty())).isEqualTo(4);

    assertThat(keys).containsExactly("a-OPEN", "a-CLOSED", "c-OPEN", "d-OPEN");
    assertThat(Json.MAPPER.readTree(bodies.get(1)).path("incident").path("alerts").asInt())
        .isEqualTo(3);
  }

  private static AlertIncident incident(
      String id, String firstAlert, IncidentState state, long alerts) {
    IncidentAlert first = new IncidentAlert(firstAlert, "image", Instant.EPOCH, 0.001, 4.0);
    return AlertIncident.newBuilder()
        .setIncidentId(id)
        .setSource("cam")
        .setImagesPartition(0)
        .setState(state)
        .setOpenedAt(Instant.EPOCH)
        .setLastAlertAt(Instant.EPOCH)
        .setClosedAt(null)
        .setAlerts(alerts)
        .setImages(alerts)
        .setFirst(first)
        .setStrongest(first)
        .setReasons(List.of(AlertReason.ATYPICAL))
        .setReleaseId("release")
        .setAlertRate(0.01)
        .build();
  }

  @Test
  void shouldTryAgainWithTheSameKeyUntilTheReceiverHasIt() throws Exception {
    record(0, ALERTS.encode(ViewTest.alert(1, "a")));
    answers.addAll(List.of(500, 429, 503, 200));

    assertThat(deliver(Optional.empty())).isEqualTo(1);

    assertThat(keys).containsExactly(id(1), id(1), id(1), id(1));
    assertThat(committed()).isEqualTo(1);
  }

  @Test
  void shouldNotCommitWhatTheReceiverDoesNotHave() throws Exception {
    record(0, ALERTS.encode(ViewTest.alert(1, "a")));
    answers.addAll(List.of(503));

    assertThat(deliver(Optional.empty())).isZero();

    assertThat(consumer.committed(Set.of(PARTITION))).isEmpty();
  }

  @Test
  void shouldPassOverWhatTheReceiverRefusesForGoodAndFollowNoRedirection() throws Exception {
    record(0, ALERTS.encode(ViewTest.alert(1, "a")));
    record(1, ALERTS.encode(ViewTest.alert(2, "b")));
    record(2, ALERTS.encode(ViewTest.alert(3, "c")));
    answers.addAll(List.of(400, MOVED, 200));

    assertThat(deliver(Optional.empty())).isEqualTo(1);

    assertThat(keys).containsExactly(id(1), id(2), id(3));
    assertThat(committed()).isEqualTo(3);
  }

  @Test
  void shouldSignTimeAndBody() throws Exception {
    record(0, ALERTS.encode(ViewTest.alert(1, "a")));
    answers.addAll(List.of(200));

    deliver(Optional.of("between us"));

    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec("between us".getBytes(UTF_8), "HmacSHA256"));
    String expected =
        HexFormat.of().formatHex(mac.doFinal(("1700000000." + bodies.get(0)).getBytes(UTF_8)));
    assertThat(signatures).containsExactly("t=1700000000,v1=" + expected);
  }

  @Test
  void shouldWaitTwiceAsLongEachTimeButNotLongerThanTheLongest() {
    Deliveries.Backoff backoff =
        new Deliveries.Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));

    assertThat(List.of(1, 2, 3, 6, 7, 1000).stream().map(backoff::after))
        .containsExactly(
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(4),
            Duration.ofSeconds(32),
            Duration.ofMinutes(1),
            Duration.ofMinutes(1));
  }
}
