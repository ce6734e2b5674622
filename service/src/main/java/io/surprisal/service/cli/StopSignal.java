package io.surprisal.service.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jline.utils.Signals;

/**
 * The user's wish that the running command come to its orderly end. Ctrl-C (SIGINT) and SIGTERM set
 * it; the command notices, writes what it has, closes what it opened and returns, and the process
 * ends with 130 or 143. A second signal, or {@link #GRACE} without an end, kills the process: the
 * exit handlers of native libraries would pull these from under threads that still run in them.
 *
 * <p>Signals are taken before the JVM's own shutdown begins, so that the shutdown hooks of
 * libraries do not close logs and native code under a command that still uses them.
 */
public final class StopSignal {

  /** How long a command may take for its orderly end. */
  static final Duration GRACE = Duration.ofSeconds(30);

  private static final int KILL_SECONDS = 2;

  private final CountDownLatch requested = new CountDownLatch(1);
  private final List<Runnable> actions = new ArrayList<>();
  private volatile Duration grace = GRACE;
  private int exitCode;

  /** A signal that the process sets: Ctrl-C and SIGTERM are taken from the JVM. */
  public static StopSignal ofProcess() {
    StopSignal stop = new StopSignal();
    Signals.register("INT", () -> stop.onProcessSignal(130));
    Signals.register("TERM", () -> stop.onProcessSignal(143));
    return stop;
  }

  /** Lets the command take longer than {@link #GRACE} for its orderly end. */
  public void allow(Duration longer) {
    grace = longer;
  }

  /** Whether the command should end. */
  public boolean requested() {
    return requested.getCount() == 0;
  }

  /** Waits; true as soon as the command should end, false after the time. */
  public boolean await(Duration time) throws InterruptedException {
    return requested.await(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Waits until the command should end. */
  public void await() throws InterruptedException {
    requested.await();
  }

  /**
   * Runs an action when the end is asked for (on the thread that asks; at once when it already
   * was). It should only pass the wish on, for example wake a consumer up.
   */
  public void onStop(Runnable action) {
    synchronized (actions) {
      if (!requested()) {
        actions.add(action);
        return;
      }
    }
    action.run();
  }

  /** Asks for the end; a second call does nothing. */
  public void request() {
    List<Runnable> waiting;
    synchronized (actions) {
      requested.countDown();
      waiting = List.copyOf(actions);
      actions.clear();
    }
    waiting.forEach(Runnable::run);
  }

  /** The exit code that a process signal asks for, 128 + its number; empty without a signal. */
  public OptionalInt exitCode() {
    synchronized (actions) {
      return exitCode == 0 ? OptionalInt.empty() : OptionalInt.of(exitCode);
    }
  }

  private void onProcessSignal(int code) {
    synchronized (actions) {
      if (exitCode != 0) {
        kill(code);
      }
      exitCode = code;
    }
    Thread watchdog = new Thread(() -> haltAfterGrace(code), "surprisal-stop-watchdog");
    watchdog.setDaemon(true);
    watchdog.start();
    request();
  }

  private void haltAfterGrace(int code) {
    try {
      Thread.sleep(grace.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    System.err.println("surprisal: no orderly end within " + grace.toSeconds() + " s; killed");
    kill(code);
  }

  /** Ends with 137; with a code where the system cannot kill. */
  private static void kill(int code) {
    try {
      String self = Long.toString(ProcessHandle.current().pid());
      new ProcessBuilder("kill", "-KILL", self).start().waitFor(KILL_SECONDS, TimeUnit.SECONDS);
    } catch (IOException e) {
      System.err.println("surprisal: cannot be killed: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(code); // a container's first process cannot kill itself
  }
}
