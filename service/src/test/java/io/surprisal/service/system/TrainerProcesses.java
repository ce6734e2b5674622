package io.surprisal.service.system;

import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.Idx;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Broker, scorers and trainers in processes of their own; unless told otherwise small and quick:
 * 16×16 pixels, the tiny network, seconds of training, an alert rate of 5 %.
 */
public final class TrainerProcesses implements AutoCloseable {
  static final double ALERT_RATE = 0.05;
  private static final int SIDE = 16;
  private static final RecordFormat<ImageScore> SCORES = RecordFormat.of(ImageScore.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final RecordFormat<ReleaseAnnouncement> ANNOUNCEMENTS =
      RecordFormat.of(ReleaseAnnouncement.class);

  /**
   * How a system scores.
   *
   * @param network options of the trainer that choose it
   * @param evaluations K
   * @param alertRate share of normal images to alert on
   */
  record Serving(List<String> network, int evaluations, double alertRate) {
    static final Serving SMALL = new Serving(List.of("--config", "tiny"), 4, ALERT_RATE);

    List<String> options() {
      return List.of(
          "--device",
          "cpu",
          "--evaluations",
          String.valueOf(evaluations),
          "--alert-rate",
          String.valueOf(alertRate));
    }
  }

  private final Path folder;
  private final Serving serving;
  private final List<CommandProcess> started = new ArrayList<>();
  private final String server;
  private final Records.Follower trainerTopic;

  public TrainerProcesses(Path folder) throws IOException {
    this(folder, Serving.SMALL);
  }

  public TrainerProcesses(Path folder, Serving serving) throws IOException {
    this.folder = folder;
    this.serving = serving;
    CommandProcess broker =
        CommandProcess.start(folder, "broker", "--port", "0", "--data-dir", folder + "/broker");
    started.add(broker);
    server = broker.awaitServer();
    CommandRun.of("topics", "--bootstrap-server", server);
    trainerTopic = new Records.Follower(server, "surprisal.trainer");
  }

  public String server() {
    return server;
  }

  public Path store() {
    return folder.resolve("store");
  }

  /** Images of the demo's camera, as a file. */
  Path images(String name, long seed, int count, double roughness, double defectRate)
      throws IOException {
    Path file = folder.resolve(name);
    Idx.write(file, new SurfaceCamera(seed, defectRate, SIDE, roughness).frames(0, count));
    return file;
  }

  /** Publishes a file under the name of a source. */
  void publish(Path images, String source) {
    CommandRun run =
        CommandRun.of(
            "publish", "--bootstrap-server", server, "--source", source, images.toString());
    if (run.exitCode() != 0) {
      throw new IllegalStateException(run.err());
    }
  }

  /** A trainer that keeps its state under a name. */
  public CommandProcess trainer(String name, String... more) throws IOException {
    List<String> arguments = member("train", name);
    arguments.addAll(List.of("--store", store().toString(), "--pause", "1s"));
    arguments.addAll(serving.network());
    arguments.addAll(List.of(more));
    return start(arguments);
  }

  /** A scorer that follows the active release. */
  CommandProcess scorer(String name) throws IOException {
    List<String> arguments = member("score", name);
    arguments.addAll(List.of("--threads", "1", "--statistics-window", "1s"));
    return start(arguments);
  }

  private List<String> member(String command, String name) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                command,
                "--bootstrap-server",
                server,
                "--instance-id",
                name,
                "--state-dir",
                folder.resolve(name).toString()));
    arguments.addAll(serving.options());
    return arguments;
  }

  /** The scores of a source so far, read from the topic of scores. */
  static List<ImageScore> scores(Records.Follower follower, String source) {
    return follower.poll().stream()
        .map(record -> SCORES.decode(record.value()))
        .filter(score -> score.getSource().equals(source))
        .toList();
  }

  /** Waits until members say that they serve a release. */
  void awaitServed(String releaseId, Duration patience, String... members) {
    await(
        List.of(members) + " serve " + releaseId,
        patience,
        () ->
            events(TrainerEventType.RELEASE_SERVED).stream()
                .filter(event -> releaseId.equals(event.getReleaseId()))
                .map(TrainerEvent::getMember)
                .toList()
                .containsAll(List.of(members)));
  }

  private CommandProcess start(List<String> arguments) throws IOException {
    CommandProcess process = CommandProcess.start(folder, arguments.toArray(new String[0]));
    started.add(process);
    return process;
  }

  /** Sends a command to the trainer, from this process. */
  public CommandRun command(String name, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of(name, "--bootstrap-server", server, "--timeout", "120s"));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments.toArray(new String[0]));
  }

  /** All that was said on the trainer topic. */
  public List<TrainerEvent> events() {
    return trainerTopic.poll().stream().map(record -> EVENTS.decode(record.value())).toList();
  }

  public List<TrainerEvent> events(TrainerEventType type) {
    return events().stream().filter(event -> event.getType() == type).toList();
  }

  /** Waits until an event of a type was said so many times; returns the last of them. */
  public TrainerEvent await(TrainerEventType type, int times, Duration patience) {
    await(type + " number " + times, patience, () -> events(type).size() >= times);
    return events(type).get(times - 1);
  }

  public void await(String what, Duration patience, Condition condition) {
    try {
      Awaitility.await(what).atMost(patience).pollDelay(Duration.ZERO).until(condition::holds);
    } catch (ConditionTimeoutException e) {
      String said =
          events().stream()
              .map(event -> event.getType() + " " + event.getMessage())
              .distinct()
              .collect(Collectors.joining("\n"));
      throw new AssertionError(e.getMessage() + "; what was said:\n" + said, e);
    }
  }

  /** Something to wait for. */
  public interface Condition {
    boolean holds() throws Exception;
  }

  /** All announcements, in their order. */
  public List<ReleaseAnnouncement> announcements() {
    return Records.read(server, "surprisal.releases", 1).stream()
        .map(record -> ANNOUNCEMENTS.decode(record.value()))
        .toList();
  }

  @Override
  public void close() throws InterruptedException {
    trainerTopic.close();
    for (int i = started.size() - 1; i >= 0; i--) {
      started.get(i).close();
    }
  }
}
