package io.surprisal.model.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ThreadsTest {

  @Test
  void shouldCloseOnlyOnceTheThreadHasEndedThoughItsCallerIsInterrupted() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    Thread worker =
        new Thread(
            () -> {
              try {
                end.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    worker.start();
    CountDownLatch begun = new CountDownLatch(1);
    List<Boolean> told = new ArrayList<>();
    Thread caller =
        new Thread(
            () -> {
              Thread.currentThread().interrupt();
              begun.countDown();
              Threads.joinThen(
                  worker,
                  () -> {
                    told.add(worker.isAlive());
                    told.add(Thread.currentThread().isInterrupted());
                  });
              told.add(Thread.currentThread().isInterrupted());
            });
    caller.start();
    begun.await();
    while (caller.isInterrupted() || !joins(caller)) {
      Thread.onSpinWait(); // until a join has thrown; a lock clears the interrupt for a while too
    }
    end.countDown();
    caller.join();
    assertThat(told)
        .as("alive, interrupted while closing, and after")
        .containsExactly(false, false, true);
  }

  private static boolean joins(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(
            frame ->
                frame.getClassName().equals(Thread.class.getName())
                    && frame.getMethodName().equals("join"));
  }

  @Test
  void shouldCloseAtOnceWhereTheThreadHasEndedBefore() {
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                Threads.joinThen(
                    new Thread(),
                    () -> {
                      throw new IllegalStateException("closing fails");
                    }))
        .withMessage("closing fails");
    assertThat(Thread.interrupted()).isFalse();
  }
}
