package io.surprisal.service.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Tells orchestrators over HTTP how this process is: {@code GET /health/live} and {@code GET
 * /health/ready} answer 200 or 503, with the details as JSON; and Prometheus what it measures:
 * {@code GET /metrics}. Who begins a request and does not end it holds one of several threads, and
 * for {@value #REQUEST_SECONDS} seconds at most: probes are answered beside. Owns its threads;
 * {@link #close} ends them.
 */
final class HealthEndpoint implements AutoCloseable {
  private static final int WAITING_CONNECTIONS = 64;

  /** Threads that are kept no longer than they are needed. */
  private static final int MOST_THREADS = 32;

  private static final int REQUEST_SECONDS = 5;

  static {
    // The server of the JDK reads them once, and by itself waits for ever.
    for (String limit : List.of("maxReqTime", "maxRspTime")) {
      String property = "sun.net.httpserver." + limit;
      if (System.getProperty(property) == null) {
        System.setProperty(property, String.valueOf(REQUEST_SECONDS));
      }
    }
  }

  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final Supplier<Health> health;
  private final HttpServer server;
  private final ThreadPoolExecutor answers =
      new ThreadPoolExecutor(
          MOST_THREADS,
          MOST_THREADS,
          REQUEST_SECONDS,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(WAITING_CONNECTIONS),
          work -> {
            Thread thread = new Thread(work, "surprisal-health");
            thread.setDaemon(true);
            return thread;
          },
          new ThreadPoolExecutor.DiscardPolicy());

  /**
   * Listens.
   *
   * @throws java.net.BindException if the port is taken
   * @throws IOException if the address cannot be listened on
   */
  HealthEndpoint(InetSocketAddress address, Supplier<Health> health, Supplier<String> metrics)
      throws IOException {
    this.health = health;
    answers.allowCoreThreadTimeOut(true);
    server = HttpServer.create(address, WAITING_CONNECTIONS);
    server.createContext("/health/live", exchange -> answer(exchange, Health::live));
    server.createContext("/health/ready", exchange -> answer(exchange, Health::ready));
    server.createContext(
        "/metrics", exchange -> send(exchange, 200, PROMETHEUS, metrics.get().getBytes(UTF_8)));
    server.setExecutor(answers);
    server.start();
  }

  /** Port that it listens on. */
  int port() {
    return server.getAddress().getPort();
  }

  private void answer(HttpExchange exchange, Predicate<Health> question) throws IOException {
    Health now = health.get();
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("live", now.live());
    details.put("ready", now.ready());
    details.putAll(now.details());
    byte[] body = Json.line(details).getBytes(UTF_8);
    send(exchange, question.test(now) ? 200 : 503, "application/json", body);
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    try (exchange) {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    answers.shutdownNow();
  }
}
