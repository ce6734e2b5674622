package io.surprisal.service.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at a cluster again and again. Owns its client and its thread; {@link #close} ends both.
 * What one look does not find out, for want of a broker or of a right, the next one may.
 */
public final class ClusterWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterWatch.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Admin admin;
  private final Duration between;
  private final Look look;
  private final CountDownLatch end = new CountDownLatch(1);
  private final Thread thread;

  /** What is looked at each time. */
  @FunctionalInterface
  public interface Look {
    /**
     * Looks once.
     *
     * @throws ExecutionException if the broker does not answer
     */
    void look() throws ExecutionException, InterruptedException;
  }

  /**
   * Does not look yet.
   *
   * @param name of its thread
   * @param admin that the look uses; closed with this
   */
  public ClusterWatch(String name, Admin admin, Duration between, Look look) {
    this.admin = admin;
    this.between = between;
    this.look = look;
    thread = new Thread(this::watch, name);
    thread.setDaemon(true);
  }

  /** Looks from now on, until it is closed. */
  public void start() {
    thread.start();
  }

  /** Whether it looks, and will again. */
  public boolean works() {
    return thread.isAlive();
  }

  private void watch() {
    try {
      do {
        try {
          look.look();
        } catch (ExecutionException e) {
          LOG.debug("{}: the broker does not say", thread.getName(), e);
        }
      } while (!end.await(between.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    end.countDown();
    admin.close(Duration.ZERO);
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
