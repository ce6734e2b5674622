package io.surprisal.service.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class HealthEndpointTest {
  private final HttpClient client = HttpClient.newHttpClient();

  private HttpResponse<String> probe(HealthEndpoint endpoint, String question) throws Exception {
    URI uri = URI.create("http://localhost:" + endpoint.port() + "/health/" + question);
    return client.send(
        HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static HealthEndpoint telling(Health health) throws Exception {
    return new HealthEndpoint(
        new InetSocketAddress("localhost", 0), () -> health, () -> "surprisal_info 1\n");
  }

  @Test
  void shouldTellWhetherTheProcessIsLiveAndReady() throws Exception {
    Health waiting = new Health(true, false, Map.of("state", "WAITING_FOR_RELEASE"));
    try (HealthEndpoint endpoint = telling(waiting)) {
      assertThat(probe(endpoint, "live").statusCode()).isEqualTo(200);
      HttpResponse<String> ready = probe(endpoint, "ready");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body())
          .isEqualTo("{\"live\":true,\"ready\":false,\"state\":\"WAITING_FOR_RELEASE\"}");
    }
  }

  @Test
  void shouldTellWhatIsMeasured() throws Exception {
    try (HealthEndpoint endpoint = telling(new Health(true, true, Map.of()))) {
      URI uri = URI.create("http://localhost:" + endpoint.port() + "/metrics");
      HttpResponse<String> told =
          client.send(
              HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build(),
              HttpResponse.BodyHandlers.ofString());

      assertThat(told.statusCode()).isEqualTo(200);
      assertThat(told.headers().firstValue("Content-Type").orElseThrow())
          .startsWith("text/plain; version=0.0.4");
      assertThat(told.body()).isEqualTo("surprisal_info 1\n");
    }
  }

  /** A single one of these blocked the only thread for good. */
  @Test
  @Timeout(60)
  void shouldAnswerProbesBesideRequestsThatNeverEnd() throws Exception {
    List<Socket> halves = new ArrayList<>();
    try (HealthEndpoint endpoint = telling(new Health(true, true, Map.of()))) {
      for (int i = 0; i < 8; i++) {
        Socket half = new Socket("localhost", endpoint.port());
        halves.add(half);
        half.getOutputStream().write("GET /health/live HTTP/1.1\r\nHost:".getBytes(UTF_8));
        half.getOutputStream().flush();
      }
      assertThat(probe(endpoint, "live").statusCode()).isEqualTo(200);
      assertThat(probe(endpoint, "ready").statusCode()).isEqualTo(200);
      // The server ends them by itself, and their threads are free again.
      for (Socket half : halves) {
        half.setSoTimeout(30_000);
        assertThat(half.getInputStream().read()).isEqualTo(-1);
      }
    } finally {
      for (Socket half : halves) {
        half.close();
      }
    }
  }
}
