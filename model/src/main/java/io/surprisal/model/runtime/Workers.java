package io.surprisal.model.runtime;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Runs independent pieces of work on a network side by side. On a CPU, workers whose operators use
 * one thread each get more out of the cores than one worker whose operators use them all: nobody
 * waits for anybody after every operator.
 *
 * <p>Owns its threads; {@link #close()} ends them. For one caller at a time.
 */
public final class Workers implements AutoCloseable {
  private final int count;
  private final ExecutorService threads;

  /**
   * Starts.
   *
   * @param name of the threads, followed by a number
   * @param count at least 1; a single worker is the caller's own thread
   */
  public Workers(String name, int count) {
    if (count < 1) {
      throw new IllegalArgumentException("workers is " + count + ", must be at least 1");
    }
    this.count = count;
    AtomicInteger started = new AtomicInteger();
    threads =
        Executors.newFixedThreadPool(
            count,
            work -> {
              Thread thread = new Thread(work, name + "-" + started.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** How many pieces run side by side. */
  public int count() {
    return count;
  }

  /**
   * Does pieces of work and waits for all of them, also where one fails: native memory is in use
   * until a piece has ended.
   *
   * @param pieces how many; the work is told the number of its piece
   * @return results in the order of the pieces
   * @throws RuntimeException or Error of the first piece that failed
   */
  public <T> List<T> map(int pieces, IntFunction<T> work) {
    if (count == 1 || pieces == 1) {
      return IntStream.range(0, pieces).mapToObj(work).toList();
    }
    List<CompletableFuture<T>> running =
        IntStream.range(0, pieces)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> work.apply(i), threads))
            .toList();
    CompletableFuture.allOf(running.toArray(CompletableFuture[]::new))
        .handle((nothing, failure) -> null) // result() throws it
        .join();
    return running.stream().map(Workers::result).toList();
  }

  private static <T> T result(CompletableFuture<T> done) {
    try {
      return done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause(); // an IntFunction throws nothing else
    }
  }

  @Override
  public void close() {
    threads.shutdown();
  }
}
