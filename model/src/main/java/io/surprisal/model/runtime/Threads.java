package io.surprisal.model.runtime;

/** How threads end whose native memory or clients somebody else closes. */
public final class Threads {
  private Threads() {}

  /**
   * Waits until a thread has ended, however often the caller is interrupted meanwhile, since what
   * is closed then is in use until it has. An interrupt is the caller's again afterwards.
   *
   * @param then closes what was the thread's
   */
  public static void joinThen(Thread thread, Runnable then) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    try {
      then.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
