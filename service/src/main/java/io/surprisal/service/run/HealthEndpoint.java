package io.surprisal.service.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Tells orchestrators over HTTP how this process is: {@code GET /health/live} and {@code GET
 * /health/ready} answer 200 or 503, with the details as JSON. Owns its two threads; {@link #close}
 * ends them.
 */
final class HealthEndpoint implements AutoCloseable {
  private static final int WAITING_CONNECTIONS = 16;

  private final Supplier<Health> health;
  private final HttpServer server;
  private final ExecutorService answers =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread thread = new Thread(work, "surprisal-health");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * Listens.
   *
   * @throws java.net.BindException if the port is taken
   * @throws IOException if the address cannot be listened on
   */
  HealthEndpoint(InetSocketAddress address, Supplier<Health> health) throws IOException {
    this.health = health;
    server = HttpServer.create(address, WAITING_CONNECTIONS);
    server.createContext("/health/live", exchange -> answer(exchange, Health::live));
    server.createContext("/health/ready", exchange -> answer(exchange, Health::ready));
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
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    try (exchange) {
      exchange.sendResponseHeaders(question.test(now) ? 200 : 503, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    answers.shutdownNow();
  }
}
