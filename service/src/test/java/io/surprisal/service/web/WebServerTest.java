package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.schemas.Topics;
import io.surprisal.service.cli.Json;
import io.surprisal.service.options.ReviewTrust;
import io.surprisal.service.steer.CommandSender;
import io.surprisal.service.steer.ReviewSender;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Over plain sockets, so that every header is the test's own. No broker is asked for anything. */
@Timeout(60)
class WebServerTest {
  private static final String TOKEN = "0123456789abcdef";
  private static final String ID = "%032x".formatted(7);
  private static final Topics TOPICS = new Topics("");
  private static final RecordFormat<AlertReview> REVIEWS = RecordFormat.of(AlertReview.class);
  private static final RecordFormat<ControlCommand> COMMANDS =
      RecordFormat.of(ControlCommand.class);

  private final InstantSource clock = InstantSource.fixed(Instant.EPOCH);
  private final View view = new View("images", clock);
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final RecordsAt records = new RecordsAt(Map.of("bootstrap.servers", "localhost:1"), 1);
  private final ReleaseShelf shelf =
      new ReleaseShelf(
          view,
          Map.of("bootstrap.servers", "localhost:1"),
          Path.of("target", "no-releases"),
          Optional.empty(),
          TOPICS.releaseChunks());
  private final EventStreams events = new EventStreams(view);
  private WebServer server;

  @BeforeEach
  void start() throws IOException {
    Changes changes =
        new Changes(
            view,
            new ReviewSender(producer, TOPICS, Optional.empty()),
            new CommandSender(producer, TOPICS, Optional.empty()),
            "somebody",
            clock);
    server =
        new WebServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            port -> new Guard(TOKEN, port, Set.of(), false),
            new Api(new Looks(view, TOPICS, records, shelf), changes, new Samples(shelf)),
            events,
            () -> "surprisal_info 1\n");
    server.start();
  }

  @AfterEach
  void stop() throws IOException {
    events.close();
    server.close();
    shelf.close();
    records.close();
  }

  /** An answer: its first line, its headers in lower case, its body. */
  private record Got(String status, List<String> headers, String body) {
    JsonNode json() throws IOException {
      return Json.MAPPER.readTree(body);
    }
  }

  private Got ask(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.getOutputStream().write(request.getBytes(UTF_8));
      // A character a byte, as lengths count.
      BufferedReader in =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), ISO_8859_1));
      String status = in.readLine();
      List<String> headers = new ArrayList<>();
      int length = 0;
      for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
        String lower = line.toLowerCase(Locale.ROOT);
        headers.add(lower);
        if (lower.startsWith("content-length: ")) {
          length = Integer.parseInt(lower.substring("content-length: ".length()));
        }
      }
      char[] body = new char[length];
      int read = 0;
      while (read < length) {
        int more = in.read(body, read, length - read);
        if (more < 0) {
          break;
        }
        read += more;
      }
      return new Got(status, headers, new String(body, 0, read));
    }
  }

  private Got get(String path, String... headers) throws IOException {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + lines(headers) + "\r\n");
  }

  private Got post(String path, String body, String... headers) throws IOException {
    return ask(
        "POST "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + body.getBytes(UTF_8).length
            + "\r\n"
            + lines(headers)
            + "\r\n"
            + body);
  }

  private static String lines(String... headers) {
    StringBuilder lines = new StringBuilder();
    for (String header : headers) {
      lines.append(header).append("\r\n");
    }
    return lines.toString();
  }

  private static final String BEARER = "Authorization: Bearer " + TOKEN;

  @ParameterizedTest
  @ValueSource(strings = {"/", "/alerts?source=x", "/main.js", "/api/now", "/nothing", "/api/x"})
  void shouldForbidAllThatIsNotItsOwnWithEveryAnswer(String path) throws IOException {
    assertThat(get(path).headers())
        .contains(
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';"
                + " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
                + " frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "cross-origin-resource-policy: same-origin");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/../x", "/page/index.html", "/uplot/../main.js", "/main.js/", "/%2e%2e/x"})
  void shouldServeTheFilesOfThePageAlone(String path) throws IOException {
    assertThat(get(path).status()).contains(" 404 ");
  }

  /** All of the page, as a browser without a cache gets it. */
  @Test
  void shouldWeighLessThan300KilobytesInAll() {
    assertThat(new StaticFiles().weight()).isBetween(20_000, 300_000);
  }

  @Test
  void shouldSendAFileAgainOnlyWhereItHasChanged() throws IOException {
    Got first = get("/main.js");
    String tag =
        first.headers().stream().filter(h -> h.startsWith("etag: ")).findFirst().orElseThrow();

    assertThat(first.status()).contains(" 200 ");
    assertThat(get("/main.js", "If-None-Match" + tag.substring("etag".length())).status())
        .contains(" 304 ");
  }

  @Test
  void shouldTellWhatIsMeasured() throws IOException {
    Got got = get("/metrics");

    assertThat(got.status()).contains(" 200 ");
    assertThat(got.headers()).anyMatch(header -> header.startsWith("content-type: text/plain"));
    assertThat(server.answers(2)).isEqualTo(1);
  }

  @Test
  void shouldNotAnswerUnderAnotherName() throws IOException {
    Got got = ask("GET /api/now HTTP/1.1\r\nHost: evil.example\r\n\r\n");

    assertThat(got.status()).contains(" 421 ");
    assertThat(got.json().get("error").textValue()).contains("--name");
  }

  @Test
  void shouldChangeNothingWithoutTheTokenOrFromAnotherPage() throws IOException {
    view.alert(ViewTest.alert(7, "camera"), new Place(0, 7), 7);
    String path = "/api/alerts/" + ID + "/review";
    String wish = "{\"verdict\":\"CONFIRMED\"}";

    assertThat(post(path, wish).status()).contains(" 403 ");
    assertThat(post(path, wish, "Origin: http://localhost").status()).contains(" 401 ");
    assertThat(post(path, wish, BEARER, "Origin: http://evil.example").status()).contains(" 403 ");
    assertThat(
            post("/api/commands", "{\"type\":\"ROLLBACK\"}", "Origin: http://localhost").status())
        .contains(" 401 ");
    assertThat(
            ask("DELETE " + path + " HTTP/1.1\r\nHost: localhost\r\n" + BEARER + "\r\n\r\n")
                .status())
        .contains(" 405 ");
    assertThat(producer.history()).isEmpty();
  }

  @Test
  void shouldGiveACookieForTheTokenAlone() throws IOException {
    assertThat(post("/api/session", "{\"token\":\"no\"}", "Origin: http://localhost").status())
        .contains(" 403 ");
    Got signedIn =
        post("/api/session", "{\"token\":\"" + TOKEN + "\"}", "Origin: http://localhost");

    String cookie =
        signedIn.headers().stream()
            .filter(h -> h.startsWith("set-cookie: "))
            .findFirst()
            .orElseThrow();
    assertThat(cookie).contains("httponly", "samesite=strict").doesNotContain(TOKEN);
    assertThat(
            get("/api/session", cookie.replaceFirst("set-cookie", "Cookie").replaceFirst(";.*", ""))
                .json()
                .get("mayChange")
                .booleanValue())
        .isTrue();
    assertThat(get("/api/session").json().get("mayChange").booleanValue()).isFalse();
  }

  @Test
  void shouldSendReviewsWithTheFactsOfTheAlert() throws IOException {
    view.alert(ViewTest.alert(7, "camera"), new Place(0, 7), 7);

    Got got =
        post(
            "/api/alerts/" + ID + "/review",
            "{\"verdict\":\"FALSE_ALARM\",\"note\":\"<b>\",\"by\":\"Ada\"}",
            BEARER);

    assertThat(got.status()).as(got.body()).contains(" 200 ");
    assertThat(producer.history().get(0).topic()).isEqualTo("reviews");
    AlertReview review = REVIEWS.decode(producer.history().get(0).value());
    assertThat(review.getVerdict()).isEqualTo(ReviewVerdict.FALSE_ALARM);
    assertThat(review.getImageId()).isEqualTo("image-7");
    assertThat(review.getNote()).isEqualTo("<b>");
    assertThat(review.getReviewedBy()).isEqualTo("Ada");
    assertThat(got.json().get("before").isNull()).isTrue();
  }

  private static String reviews(String verdict, String instead, int... alerts) {
    return "{\"verdict\":\"%s\",\"instead\":\"%s\",\"alertIds\":[%s]}"
        .formatted(
            verdict,
            instead,
            Arrays.stream(alerts)
                .mapToObj("\"%032x\""::formatted)
                .collect(Collectors.joining(",")));
  }

  @Test
  void shouldReviewOfSeveralAlertsThoseOfWhichNothingElseWasSaidMeanwhile() throws IOException {
    for (int i = 1; i <= 3; i++) {
      view.alert(ViewTest.alert(i, "camera"), new Place(0, i), i);
    }
    view.review(REVIEWS.decode(sentReview(2)), ReviewTrust.ANYBODY);

    JsonNode said = post("/api/reviews", reviews("FALSE_ALARM", "", 1, 2, 3, 4), BEARER).json();
    assertThat(said.get("reviewed").toString()).isEqualTo("[\"%032x\",\"%032x\"]".formatted(1, 3));
    assertThat(producer.history()).hasSize(3);

    JsonNode undone =
        post("/api/reviews", reviews("UNSURE", "FALSE_ALARM", 1, 2, 3), BEARER).json();
    assertThat(undone.get("reviewed")).hasSize(2);
    assertThat(view.alert("%032x".formatted(2)).orElseThrow().review().orElseThrow().getVerdict())
        .as("what another has said stays")
        .isEqualTo(ReviewVerdict.CONFIRMED);
    assertThat(post("/api/reviews", reviews("UNSURE", "", new int[201]), BEARER).status())
        .contains(" 400 ");
    assertThat(post("/api/reviews", "{\"verdict\":\"UNSURE\"}", BEARER).status()).contains(" 400 ");
  }

  /** A review that another page has sent, as the topic has it. */
  private byte[] sentReview(int alert) throws IOException {
    post("/api/alerts/%032x/review".formatted(alert), "{\"verdict\":\"CONFIRMED\"}", BEARER);
    return producer.history().get(0).value();
  }

  @Test
  void shouldSendCommandsAsTheShellDoes() throws IOException {
    String release = "ab".repeat(32);

    Got got =
        post(
            "/api/commands",
            "{\"type\":\"PROMOTE\",\"releaseId\":\"" + release + "\",\"reason\":\"better\"}",
            BEARER);

    ControlCommand command = COMMANDS.decode(producer.history().get(0).value());
    assertThat(producer.history().get(0).topic()).isEqualTo("control");
    assertThat(command.getCommandId()).isEqualTo(got.json().get("commandId").textValue());
    assertThat(command.getType()).isEqualTo(CommandType.PROMOTE);
    assertThat(command.getReleaseId()).isEqualTo(release);
    assertThat(command.getReason()).isEqualTo("better");
    assertThat(command.getRequestedBy()).isEqualTo("somebody");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"type\":\"UNKNOWN\"}",
        "{\"type\":\"SET_ALERT_RATE\"}",
        "{\"type\":7}",
        "{\"type\":\"PROMOTE\"}",
        "{\"type\":\"PROMOTE\",\"releaseId\":\"../x\"}",
        "{\"type\":\"RETRAIN\",\"minutes\":-1}",
        "{\"type\":\"RETRAIN\",\"minutes\":\"1\"}",
        "{\"type\":\"RETRAIN\",\"minutes\":1e99}"
      })
  void shouldRefuseCommandsThatMakeNoSense(String body) throws IOException {
    assertThat(post("/api/commands", body, BEARER).status()).contains(" 400 ");
    assertThat(producer.history()).isEmpty();
  }

  @Test
  void shouldRefuseWhatIsTooLarge() throws IOException {
    String long1 = "x".repeat(20_000);

    assertThat(post("/api/commands", "{\"type\":\"" + long1 + "\"}", BEARER).status())
        .contains(" 413 ");
    assertThat(get("/api/alerts?source=" + long1).status()).contains(" 414 ");
    assertThat(
            post(
                    "/api/commands",
                    "{\"type\":\"PAUSE\",\"reason\":\"" + "x".repeat(1001) + "\"}",
                    BEARER)
                .status())
        .contains(" 400 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/alerts?reason=X",
        "/api/alerts?review=X",
        "/api/alerts?since=X",
        "/api/alerts?a=%zz",
        "/api/source"
      })
  void shouldRefuseQuestionsThatMakeNoSense(String path) throws IOException {
    assertThat(get(path).status()).contains(" 400 ");
  }

  @Test
  void shouldTellPagesWhatHasChanged() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket
          .getOutputStream()
          .write("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
      BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));

      assertThat(event(in).get("parts").get("ALERTS").intValue()).isZero();
      view.tell(
          () -> {
            for (int i = 0; i < 1000; i++) {
              view.alert(ViewTest.alert(i, "camera"), new Place(0, i), i);
            }
          });
      assertThat(event(in).get("parts").get("ALERTS").intValue())
          .as("one event, however many alerts")
          .isEqualTo(1000);
    }
  }

  private static JsonNode event(BufferedReader in) throws IOException {
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.startsWith("data: ")) {
        return Json.MAPPER.readTree(line.substring("data: ".length()));
      }
    }
    throw new IOException("the events ended");
  }

  @Test
  void shouldTakeSoManyReadersAndTellFurtherOnesToComeLater() throws IOException {
    List<Socket> readers = new ArrayList<>();
    try {
      for (int i = 0; i < EventStreams.MOST; i++) {
        Socket reader = new Socket(InetAddress.getLoopbackAddress(), server.port());
        readers.add(reader);
        reader
            .getOutputStream()
            .write("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
        assertThat(reader.getInputStream().read()).isEqualTo('H');
      }

      Got further = get("/api/events");

      assertThat(further.status()).contains(" 503 ");
      assertThat(further.headers()).contains("retry-after: 10");
      assertThat(get("/api/now").status()).as("and others are answered").contains(" 200 ");
    } finally {
      for (Socket reader : readers) {
        reader.close();
      }
    }
  }
}
