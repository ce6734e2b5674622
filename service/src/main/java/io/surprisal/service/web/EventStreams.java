package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells pages what has changed, as server-sent events, each on a thread of its own. Nothing waits
 * in a queue: an event says how often each part of the view has changed so far, so a slow reader
 * misses those between and asks for what holds now. Who takes nothing for {@link #PATIENCE} is let
 * go; its browser comes back by itself. {@link #close} ends them all.
 */
final class EventStreams implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EventStreams.class);

  /** Readers at the same time; further ones are told to come later. */
  static final int MOST = 64;

  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  /**
   * Between two moments at which readers are told, all at the same: a page that is drawn anew more
   * often helps nobody, and what all of them ask for then is worked out once.
   */
  private static final Duration BREATH = Duration.ofMillis(400);

  private final View view;
  private final Set<Stream> streams = ConcurrentHashMap.newKeySet();
  private final Thread watchdog = new Thread(this::watch, "surprisal-dashboard-watchdog");
  private volatile boolean ended;

  // What readers were told last, and at which of the moments.
  private View.Versions latest = new View.Versions(-1, Map.of());
  private long moment;

  EventStreams(View view) {
    this.view = view;
    watchdog.setDaemon(true);
    watchdog.start();
  }

  /** Pages that hear of what is new. */
  int readers() {
    return streams.size();
  }

  /** How much has changed so far. */
  long version() throws InterruptedException {
    return view.await(-1, Duration.ZERO).total();
  }

  /**
   * Of which changes readers have been told: each asks for what holds now when it hears of more.
   * Where nobody listens, of any number of them.
   */
  synchronized long told() {
    return streams.isEmpty() ? Long.MAX_VALUE : latest.total();
  }

  /** What is told at this moment, the same to all who know less. */
  private View.Versions awaitNews(long known) throws InterruptedException {
    View.Versions now = view.await(known, HEARTBEAT);
    synchronized (this) {
      long present = Math.floorDiv(System.nanoTime(), BREATH.toNanos());
      if (present != moment || latest.total() <= known) {
        moment = present;
        latest = now;
      }
      return latest;
    }
  }

  /** One reader. Only its own thread writes. */
  private final class Stream {
    private final HttpExchange exchange;
    private final Thread thread = new Thread(this::run, "surprisal-dashboard-events");
    private volatile long writingSince;

    Stream(HttpExchange exchange) {
      this.exchange = exchange;
      thread.setDaemon(true);
    }

    private void run() {
      try (exchange) {
        exchange.sendResponseHeaders(200, 0);
        write("retry: 2000\n\n");
        long known = -1;
        while (!ended) {
          View.Versions now = awaitNews(known);
          if (now.total() == known) {
            write(": still here\n\n");
          } else {
            known = now.total();
            write("data: " + Json.line(said(now)) + "\n\n");
          }
          TimeUnit.NANOSECONDS.sleep(
              BREATH.toNanos() - Math.floorMod(System.nanoTime(), BREATH.toNanos()));
        }
      } catch (IOException e) {
        LOG.debug("a reader of events has gone", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // too slow, or the end
      } finally {
        streams.remove(this);
      }
    }

    private Map<String, Object> said(View.Versions now) {
      Map<String, Object> said = new LinkedHashMap<>();
      said.put("parts", now.parts());
      said.put("brokerTrouble", view.brokerTrouble());
      return said;
    }

    private void write(String text) throws IOException {
      writingSince = System.nanoTime();
      OutputStream out = exchange.getResponseBody();
      out.write(text.getBytes(UTF_8));
      out.flush();
      writingSince = 0;
    }

    /** Interrupting a thread that writes to a socket closes the socket. */
    void endIfStuck(long now) {
      long since = writingSince;
      if (since != 0 && now - since > PATIENCE.toNanos()) {
        thread.interrupt();
      }
    }
  }

  /**
   * Begins to tell; answers the request itself.
   *
   * @return false: there are too many readers
   */
  boolean begin(HttpExchange exchange) {
    Stream stream = new Stream(exchange);
    synchronized (streams) {
      if (ended || streams.size() >= MOST) {
        return false;
      }
      streams.add(stream);
    }
    stream.thread.start();
    return true;
  }

  private void watch() {
    try {
      while (!ended) {
        long now = System.nanoTime();
        streams.forEach(stream -> stream.endIfStuck(now));
        Thread.sleep(1000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    synchronized (streams) {
      ended = true;
    }
    watchdog.interrupt();
    streams.forEach(stream -> stream.thread.interrupt());
  }
}
