package io.surprisal.service.bench;

import io.surprisal.service.cli.ChildCommand;
import io.surprisal.service.run.TemporaryCluster;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code surprisal dashboard} in a process of its own, at a free port of this machine. {@link
 * #close} ends it.
 */
final class DashboardProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final long LOOK_MILLIS = 100;
  private static final Pattern READY =
      Pattern.compile("Dashboard at (http://\\S+/);.*open (http://\\S+)");

  private final ChildCommand process;
  private final URI address;
  private final String addressWithToken;

  private DashboardProcess(ChildCommand process, String address, String addressWithToken) {
    this.process = process;
    this.address = URI.create(address);
    this.addressWithToken = addressWithToken;
  }

  /**
   * Starts it and returns when it answers.
   *
   * @param mainClass of the command, as an invocation knows it
   * @param name of the file that takes what it says
   * @param topicPrefix of the topics, which exist
   * @param heapMebibytes of its JVM
   * @param stop asked again and again
   * @throws StoppedException if it was stopped
   * @throws IllegalStateException if it has ended, or does not answer within {@link #PATIENCE}
   */
  static DashboardProcess start(
      Class<?> mainClass,
      TemporaryCluster cluster,
      String name,
      String topicPrefix,
      int heapMebibytes,
      BooleanSupplier stop)
      throws IOException, InterruptedException {
    Path log = cluster.folder().resolve(name + ".log");
    ChildCommand process =
        ChildCommand.start(
            mainClass,
            log,
            List.of(),
            List.of("-Xmx" + heapMebibytes + "m"),
            List.of(
                "dashboard",
                "--bootstrap-server",
                cluster.bootstrapServer(),
                "--topic-prefix",
                topicPrefix,
                "--listen",
                "127.0.0.1:0"));
    try {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      Matcher ready = READY.matcher("");
      while (!ready.reset(Files.readString(log)).find()) {
        process.requireAlive();
        if (stop.getAsBoolean()) {
          throw new StoppedException();
        }
        if (System.nanoTime() > deadline) {
          throw new IllegalStateException(
              "the dashboard did not start within " + PATIENCE.toSeconds() + " s");
        }
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      }
      return new DashboardProcess(process, ready.group(1), ready.group(2));
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  /** Of the page. */
  URI address() {
    return address;
  }

  /** Of the page, for a browser that is to review. */
  String addressWithToken() {
    return addressWithToken;
  }

  ProcessMemory memory() {
    return ProcessMemory.of(process.pid());
  }

  /** Time of all processors that it has had so far, seconds; NaN where the system does not tell. */
  double processorSeconds() {
    return ProcessHandle.of(process.pid())
        .flatMap(handle -> handle.info().totalCpuDuration())
        .map(time -> time.toNanos() * 1e-9)
        .orElse(Double.NaN);
  }

  /**
   * @throws IllegalStateException with the last thing that it said, if it has ended
   */
  void requireAlive() throws IOException {
    process.requireAlive();
  }

  @Override
  public void close() {
    process.close();
  }
}
