package io.surprisal.model.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private static final int DEADLINE_SECONDS = 30;

  @Test
  void shouldRunAsManyPiecesSideBySideAsThereAreWorkersAndKeepTheirOrder() {
    CyclicBarrier together = new CyclicBarrier(3);
    try (Workers workers = new Workers("test", 3)) {
      List<Integer> results =
          workers.map(
              6,
              piece -> {
                try {
                  together.await(DEADLINE_SECONDS, TimeUnit.SECONDS); // passes only three at a time
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
                return 10 * piece;
              });
      assertThat(results).containsExactly(0, 10, 20, 30, 40, 50);
      assertThat(workers.map(1, piece -> Thread.currentThread()))
          .containsExactly(Thread.currentThread());
    }
  }

  @Test
  void shouldLetEveryPieceEndBeforeTheFirstFailureIsThrown() {
    AtomicInteger ended = new AtomicInteger();
    try (Workers workers = new Workers("test", 2)) {
      assertThatExceptionOfType(ArithmeticException.class)
          .isThrownBy(
              () ->
                  workers.map(
                      20,
                      piece -> {
                        if (piece % 7 == 3) {
                          throw new ArithmeticException("piece " + piece);
                        }
                        return ended.incrementAndGet();
                      }))
          .withMessage("piece 3");
      assertThat(ended).hasValue(17);
      assertThatExceptionOfType(OutOfMemoryError.class)
          .isThrownBy(
              () ->
                  workers.map(
                      2,
                      piece -> {
                        throw new OutOfMemoryError();
                      }));
    }
  }

  @Test
  void shouldEndItsThreads() throws InterruptedException {
    List<Thread> threads;
    try (Workers workers = new Workers("ending", 2)) {
      threads = workers.map(8, piece -> Thread.currentThread());
      assertThat(threads).allMatch(thread -> thread.getName().startsWith("ending-"));
    }
    for (Thread thread : threads) {
      thread.join(TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
      assertThat(thread.isAlive()).isFalse();
    }
  }

  @Test
  void shouldRefuseToHaveNoWorker() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Workers("test", 0))
        .withMessageContaining("workers is 0");
  }
}
