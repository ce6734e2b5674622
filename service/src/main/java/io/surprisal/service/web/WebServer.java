package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dashboard over HTTP: the page's files, what its {@link Api} answers, and events. Bounded:
 * {@value #THREADS} requests are answered at a time, bodies have at most {@value #LARGEST_BODY}
 * bytes, and a request must have come within {@value #REQUEST_SECONDS} s. {@link #close} ends it.
 */
final class WebServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);
  private static final int THREADS = 12;
  private static final int WAITING_REQUESTS = 2048;
  private static final int WAITING_CONNECTIONS = 128;
  private static final int CONNECTIONS = 512;
  private static final int LARGEST_BODY = 16 << 10;
  private static final int REQUEST_SECONDS = 20;
  private static final int LEAST_TO_ZIP = 1024;

  /** First digits of a status are below it. */
  private static final int STATUSES = 6;

  /** Addresses of the page; each is the same file, which looks at the address. */
  private static final Set<String> VIEWS =
      Set.of("/", "/alerts", "/source", "/releases", "/training");

  /** What open pages ask for whenever they are told of something new. */
  private static final Set<String> SHARED =
      Set.of("/api/now", "/api/feed", "/api/alerts", "/api/source");

  private static final Map<String, String> ALWAYS =
      Map.of(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src"
              + " 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
          "X-Content-Type-Options",
          "nosniff",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Opener-Policy",
          "same-origin",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "X-Frame-Options",
          "DENY");

  private final HttpServer server;
  private final Guard guard;
  private final Api api;
  private final EventStreams events;
  private final Supplier<String> metrics;
  private final LongAdder[] answers =
      Stream.generate(LongAdder::new).limit(STATUSES).toArray(LongAdder[]::new);
  private final SharedAnswers shared;
  private final StaticFiles files = new StaticFiles();
  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          THREADS,
          THREADS,
          1,
          TimeUnit.MINUTES,
          new LinkedBlockingQueue<>(WAITING_REQUESTS),
          work -> {
            Thread thread = new Thread(work, "surprisal-dashboard-request");
            thread.setDaemon(true);
            return thread;
          });

  static {
    // What the JDK's server takes from system properties alone, unless the user has said it.
    Map.of(
            "sun.net.httpserver.maxReqTime", String.valueOf(REQUEST_SECONDS),
            "sun.net.httpserver.nodelay", "true",
            "jdk.httpserver.maxConnections", String.valueOf(CONNECTIONS))
        .forEach(
            (name, value) -> {
              if (System.getProperty(name) == null) {
                System.setProperty(name, value);
              }
            });
  }

  /** Makes what needs the port, which is known only once the server listens. */
  @FunctionalInterface
  interface GuardOfPort {
    Guard guard(int port);
  }

  /**
   * Listens, and answers from {@link #start} on.
   *
   * @param events stays the caller's
   * @param metrics in Prometheus' text format
   * @throws java.net.BindException if the port is taken
   * @throws IOException if the address cannot be listened on
   */
  WebServer(
      InetSocketAddress address,
      GuardOfPort guarding,
      Api api,
      EventStreams events,
      Supplier<String> metrics)
      throws IOException {
    this.api = api;
    this.metrics = metrics;
    this.events = events;
    shared = new SharedAnswers(events::version, events::told);
    server = HttpServer.create(address, WAITING_CONNECTIONS);
    guard = guarding.guard(server.getAddress().getPort());
    server.createContext("/", this::handle);
    server.setExecutor(threads);
  }

  void start() {
    server.start();
  }

  /** How many answers had a status of a first digit. */
  long answers(int digit) {
    return answers[digit].sum();
  }

  /** Port that it listens on. */
  int port() {
    return server.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    ALWAYS.forEach(exchange.getResponseHeaders()::set);
    Optional<Answer> answer;
    try {
      answer = answer(exchange);
    } catch (RefusedException e) {
      answer = Optional.of(Answer.refused(e.status(), String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      answer = Optional.of(Answer.refused(503, "the dashboard ends"));
    } catch (RuntimeException e) {
      LOG.warn("{} {} failed", exchange.getRequestMethod(), exchange.getRequestURI().getPath(), e);
      answer = Optional.of(Answer.refused(500, "the dashboard failed; its log says why"));
    }
    if (answer.isPresent()) {
      try (exchange) {
        send(exchange, answer.get());
      }
    }
  }

  /** Empty: it answers itself. */
  private Optional<Answer> answer(HttpExchange exchange) throws IOException, InterruptedException {
    Headers request = exchange.getRequestHeaders();
    Optional<String> strange = guard.strangeHost(request);
    if (strange.isPresent()) {
      return Optional.of(Answer.refused(421, strange.get()));
    }
    String method = exchange.getRequestMethod();
    String path = exchange.getRequestURI().getPath();
    if (method.equals("GET") || method.equals("HEAD")) {
      if (path.equals("/metrics")) {
        return Optional.of(
            guard.mayLook(request)
                ? new Answer(
                    200,
                    "text/plain; version=0.0.4; charset=utf-8",
                    metrics.get().getBytes(UTF_8),
                    Map.of("Cache-Control", "no-store"))
                : Answer.refused(401, "metrics need the token here, as Authorization: Bearer"));
      }
      if (!path.startsWith("/api/")) {
        return Optional.of(file(VIEWS.contains(path) ? "/index.html" : path, request));
      }
      if (path.equals("/api/session")) {
        return Optional.of(
            Answer.json(
                Map.of("mayLook", guard.mayLook(request), "mayChange", guard.mayChange(request))));
      }
      if (!guard.mayLook(request)) {
        return Optional.of(Answer.refused(401, "looking needs the token here; sign in with it"));
      }
      if (path.equals("/api/events")) {
        return events(exchange);
      }
      String query = Optional.ofNullable(exchange.getRequestURI().getRawQuery()).orElse("");
      return Optional.of(
          SHARED.contains(path)
              ? shared.answer(path + "?" + query, () -> api.look(path, Query.parse(query)))
              : api.look(path, Query.parse(query)));
    }
    if (!method.equals("POST")) {
      return Optional.of(Answer.refused(405, "only GET and POST are understood"));
    }
    return Optional.of(change(path, exchange));
  }

  private Answer change(String path, HttpExchange exchange)
      throws IOException, InterruptedException {
    Headers request = exchange.getRequestHeaders();
    Optional<String> strange = guard.strangeOrigin(request);
    if (strange.isPresent()) {
      return Answer.refused(403, strange.get());
    }
    String type = Optional.ofNullable(request.getFirst("Content-Type")).orElse("");
    if (!type.equals("application/json")) {
      return Answer.refused(415, "a change is sent as Content-Type: application/json");
    }
    byte[] body = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
    if (body.length > LARGEST_BODY) {
      return Answer.refused(413, "a request has at most " + LARGEST_BODY + " bytes");
    }
    if (path.equals("/api/session")) {
      return guard.isToken(Api.text(Api.parsed(body), "token", 256))
          ? Answer.json(
              200,
              Map.of("mayLook", true, "mayChange", true),
              Map.of("Set-Cookie", guard.cookieForToken()))
          : Answer.refused(
              403, "that is not the token; 'surprisal dashboard' prints it where it was started");
    }
    if (!guard.mayChange(request)) {
      return Answer.refused(401, "changes need the token; sign in with it");
    }
    return api.change(path, Api.parsed(body));
  }

  private Optional<Answer> events(HttpExchange exchange) {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    if (events.begin(exchange)) {
      return Optional.empty();
    }
    return Optional.of(
        new Answer(
            503,
            "text/plain; charset=utf-8",
            ("more than " + EventStreams.MOST + " pages are open; close some\n").getBytes(UTF_8),
            Map.of("Retry-After", "10")));
  }

  private Answer file(String path, Headers request) {
    Optional<StaticFiles.StaticFile> file = files.find(path);
    if (file.isEmpty()) {
      return Answer.refused(404, "there is nothing at this address");
    }
    Map<String, String> headers =
        Map.of("Cache-Control", "no-cache", "ETag", file.get().tag(), "Vary", "Accept-Encoding");
    if (file.get().tag().equals(request.getFirst("If-None-Match"))) {
      return new Answer(304, file.get().type(), new byte[0], headers);
    }
    return new Answer(200, file.get().type(), file.get().plain(), headers);
  }

  private void send(HttpExchange exchange, Answer answer) throws IOException {
    answers[answer.status() / 100].increment();
    Headers headers = exchange.getResponseHeaders();
    answer.headers().forEach(headers::set);
    headers.set("Content-Type", answer.type());
    byte[] body = answer.body();
    if (body.length >= LEAST_TO_ZIP
        && !answer.type().equals("image/png")
        && accepts(exchange.getRequestHeaders(), "gzip")) {
      headers.set("Content-Encoding", "gzip");
      body =
          files
              .find(exchange.getRequestURI().getPath())
              .map(StaticFiles.StaticFile::zipped)
              .orElseGet(() -> StaticFiles.zipped(answer.body()));
    }
    boolean bodiless =
        body.length == 0 || answer.status() == 304 || exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(answer.status(), bodiless ? -1 : body.length);
    if (!bodiless) {
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  private static boolean accepts(Headers request, String encoding) {
    return Optional.ofNullable(request.getFirst("Accept-Encoding")).orElse("").contains(encoding);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
