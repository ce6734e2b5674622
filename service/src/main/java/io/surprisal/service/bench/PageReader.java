package io.surprisal.service.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.service.cli.Json;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an open page does: it hears of changes as server-sent events, and asks for the feed of
 * alerts after each, one question at a time, for the pictures that came into sight, and now and
 * then for one alert. {@link #close} ends its two threads.
 */
final class PageReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PageReader.class);
  private static final String EVENTS = "/api/events";

  /** Rows of the feed that a window shows at a time. */
  private static final int ROWS_IN_SIGHT = 8;

  /** Connections of a browser to one server, but for that of the events. */
  private static final int AT_ONCE = 5;

  /** One of so many questions for the feed is followed by a look at an alert. */
  private static final int FEEDS_A_LOOK = 8;

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long SLOW_READER_SECONDS = 2;
  private static final long SECONDS_TO_RECONNECT = 2;

  private final URI page;
  private final HttpClient http;
  private final Asked asked;
  private final boolean slow;
  private final Semaphore news = new Semaphore(0);
  private final Thread hearing = new Thread(this::hear, "surprisal-bench-events");
  private final Thread asking = new Thread(this::ask, "surprisal-bench-page");
  private final AtomicInteger events = new AtomicInteger();
  private final AtomicLong longestGap = new AtomicLong();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile boolean ended;

  // Of the thread that hears.
  private long heardAt = System.nanoTime();

  /** What the questions of all readers took, and how old the newest alert was that they got. */
  record Asked(
      ResponseTimes.Notes feed,
      ResponseTimes.Notes picture,
      ResponseTimes.Notes alert,
      ResponseTimes.Notes age) {
    static Asked nothing() {
      return new Asked(
          new ResponseTimes.Notes("feed"),
          new ResponseTimes.Notes("thumbnail"),
          new ResponseTimes.Notes("one alert"),
          new ResponseTimes.Notes("age of the newest alert"));
    }
  }

  /**
   * What a reader heard.
   *
   * @param events that it got
   * @param longestGapMillis between two of them
   * @param connections 1, unless the server has let it go
   */
  record Heard(boolean slow, int events, double longestGapMillis, int connections) {}

  /**
   * Begins to read.
   *
   * @param http may be shared, stays the caller's
   * @param asked shared by readers
   * @param slow takes an event in two seconds and asks nothing
   */
  PageReader(URI page, HttpClient http, Asked asked, boolean slow) {
    this.page = page;
    this.http = http;
    this.asked = asked;
    this.slow = slow;
    hearing.setDaemon(true);
    asking.setDaemon(true);
    hearing.start();
    if (!slow) {
      asking.start();
    }
  }

  Heard heard() {
    return new Heard(slow, events.get(), longestGap.get() * 1e-6, connections.get());
  }

  private void hear() {
    try {
      while (!ended) {
        listen();
        TimeUnit.SECONDS.sleep(SECONDS_TO_RECONNECT); // as a browser, which comes back
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void listen() throws InterruptedException {
    try (InputStream body =
            http.send(request(EVENTS), HttpResponse.BodyHandlers.ofInputStream()).body();
        BufferedReader lines = new BufferedReader(new InputStreamReader(body, UTF_8))) {
      connections.incrementAndGet();
      heardAt = System.nanoTime();
      for (String line = lines.readLine(); line != null && !ended; line = lines.readLine()) {
        if (line.startsWith("data:")) {
          event();
        }
      }
    } catch (IOException e) {
      LOG.debug("the events ended", e);
    }
  }

  private void event() throws InterruptedException {
    long now = System.nanoTime();
    longestGap.accumulateAndGet(now - heardAt, Math::max);
    heardAt = now;
    events.incrementAndGet();
    if (slow) {
      TimeUnit.SECONDS.sleep(SLOW_READER_SECONDS);
    } else {
      news.release();
    }
  }

  private void ask() {
    Set<String> shown = new HashSet<>();
    int feeds = 0;
    try {
      while (!ended) {
        news.acquire();
        news.drainPermits(); // what changed meanwhile is asked for once
        List<JsonNode> rows = feed();
        Set<String> inSight = new HashSet<>();
        for (JsonNode row : rows) {
          JsonNode place = row.path("latest").path("place");
          if (inSight.size() < ROWS_IN_SIGHT && place.isObject()) {
            inSight.add(
                "/api/pictures/%d/%d?size=small"
                    .formatted(place.path("partition").asInt(), place.path("offset").asLong()));
          }
        }
        List<String> wanted = new ArrayList<>(inSight);
        wanted.removeAll(shown);
        for (int from = 0; from < wanted.size(); from += AT_ONCE) {
          pictures(wanted.subList(from, Math.min(wanted.size(), from + AT_ONCE)));
        }
        shown = inSight;
        feeds++;
        if (feeds % FEEDS_A_LOOK == 0 && !rows.isEmpty()) {
          send("/api/alerts/" + rows.get(0).path("latest").path("alertId").asText(), asked.alert());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<JsonNode> feed() throws InterruptedException {
    byte[] body = send("/api/feed?limit=30", asked.feed());
    List<JsonNode> rows = new ArrayList<>();
    if (body.length > 0) {
      try {
        Json.MAPPER.readTree(body).path("rows").forEach(rows::add);
      } catch (IOException e) {
        throw new IllegalStateException("the feed is no JSON", e);
      }
    }
    if (!rows.isEmpty()) {
      long at = rows.get(0).path("lastAt").asLong();
      asked.age().answered(System.currentTimeMillis() - (double) at, true);
    }
    return rows;
  }

  private void pictures(List<String> paths) {
    long start = System.nanoTime();
    List<CompletableFuture<Void>> answers = new ArrayList<>();
    for (String path : paths) {
      answers.add(
          http.sendAsync(request(path), HttpResponse.BodyHandlers.ofByteArray())
              .handle(
                  (answer, failure) -> {
                    asked
                        .picture()
                        .answered(
                            millisSince(start), failure == null && answer.statusCode() == 200);
                    return null;
                  }));
    }
    CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).join();
  }

  /** Empty where it was refused. */
  private byte[] send(String path, ResponseTimes.Notes notes) throws InterruptedException {
    long start = System.nanoTime();
    try {
      HttpResponse<byte[]> answer =
          http.send(request(path), HttpResponse.BodyHandlers.ofByteArray());
      notes.answered(millisSince(start), answer.statusCode() == 200);
      return answer.statusCode() == 200 ? plain(answer) : new byte[0];
    } catch (IOException e) {
      notes.answered(millisSince(start), false);
      return new byte[0];
    }
  }

  private static byte[] plain(HttpResponse<byte[]> answer) throws IOException {
    if (answer.headers().firstValue("Content-Encoding").orElse("").equals("gzip")) {
      try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(answer.body()))) {
        return in.readAllBytes();
      }
    }
    return answer.body();
  }

  private static double millisSince(long start) {
    return (System.nanoTime() - start) * 1e-6;
  }

  private HttpRequest request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(page.resolve(path)).header("Accept-Encoding", "gzip");
    return path.equals(EVENTS) ? request.build() : request.timeout(PATIENCE).build();
  }

  @Override
  public void close() {
    ended = true;
    hearing.interrupt();
    asking.interrupt();
  }
}
