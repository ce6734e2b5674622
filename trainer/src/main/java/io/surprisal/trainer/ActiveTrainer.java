package io.surprisal.trainer;

import io.surprisal.handover.HeardSequence;
import io.surprisal.handover.PublishedReleases;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.checks.SteadyTime;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.ClusterHistory;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.cluster.ClusterView;
import io.surprisal.trainer.cluster.CommandReader;
import io.surprisal.trainer.cluster.Statement;
import io.surprisal.trainer.cluster.Statements;
import io.surprisal.trainer.cluster.TransactionalSender;
import io.surprisal.trainer.drift.StreamWatch;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.run.RunDirectories;
import io.surprisal.trainer.run.RunLauncher;
import io.surprisal.trainer.run.RunPlanner;
import io.surprisal.trainer.run.RunSchedule;
import io.surprisal.trainer.run.TrainingRuns;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one trainer of a cluster that decides: it answers commands ({@link CommandDesk}), runs what
 * is due ({@link TrainingRuns}), and announces releases ({@link ServingRelease}). Whatever it says
 * goes out in transactions ({@link Statements}), under one transactional id, so that a trainer that
 * was active before, and does not know yet that it is no more, cannot say anything.
 *
 * <p>Its state lies in the topics, see {@link ClusterView}; runs lie in directories, see {@link
 * RunDirectories}. Owns the sender and the thread of the run; {@link #close} ends them, and leaves
 * a run to be gone on with. Not thread-safe.
 */
final class ActiveTrainer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ActiveTrainer.class);

  private final TransactionalSender sender;
  private final ServingRelease serving;
  private final TrainingRuns runs;
  private final CommandDesk desk;

  /**
   * Becomes the active trainer: fences the one before, and reads what it left.
   *
   * @param told hears of each event that it has told
   * @throws IOException if the first release is to be announced and cannot be stored
   */
  ActiveTrainer(
      TrainerSettings settings,
      ReleaseStore store,
      Reservoir reservoir,
      StreamWatch watch,
      Consumer<TrainerEventType> told,
      InstantSource clock)
      throws IOException {
    ClusterSettings cluster = settings.cluster();
    sender = TransactionalSender.of(cluster);
    try {
      HeardSequence signed = new HeardSequence(settings.directory().resolve("signed"));
      ClusterView view =
          ClusterHistory.read(
              cluster, settings.publication().trust(cluster.clusterId()), signed.read());
      Statements statements =
          new Statements(cluster, view, sender, settings.publication().signingKey(), told, clock);
      PublishedReleases releases =
          new PublishedReleases(
              settings.publication(),
              store,
              cluster.topics().releaseChunks(),
              sender::sendAndLocate,
              cluster::consumer,
              clock);
      serving =
          new ServingRelease(
              cluster,
              settings.canary(),
              settings.runs().gate(),
              store,
              releases,
              view,
              statements,
              clock);
      if (settings.publication().signingKey().isPresent()) {
        if (view.isUnsigned()) {
          serving.announceAnew();
        }
        signed.keep(clock.millis()); // from now on no unsigned announcement holds
      }
      if (view.active().isEmpty() && settings.firstRelease().isPresent()) {
        announceFirst(settings.firstRelease().get(), releases, statements.begin());
      }
      RunPlanner planner = new RunPlanner(settings.runs(), reservoir, store);
      RunDirectories directories = new RunDirectories(settings.directory().resolve("runs"));
      runs =
          new TrainingRuns(
              new RunLauncher(settings.runs(), directories, planner, store, new SteadyTime()),
              directories,
              new RunSchedule(
                  settings.schedule(), reservoir, watch::shift, planner, view, serving, clock),
              releases,
              serving,
              view,
              statements,
              clock);
      desk =
          new CommandDesk(
              new CommandReader(cluster), view, statements, planner, serving, runs, clock);
      LOG.info(
          "Active trainer {}: {}",
          cluster.member(),
          view.active()
              .map(active -> "release " + active.getReleaseId() + " serves")
              .orElse("no release yet"));
    } catch (RuntimeException | IOException e) {
      sender.close();
      throw e;
    }
  }

  private void announceFirst(Path file, PublishedReleases releases, Statement said)
      throws IOException {
    Release release = Release.load(file);
    serving.activate(
        releases.publish(file, release).build(),
        "the first release, from " + file.getFileName(),
        said);
    said.publish();
  }

  /** Carries out, or refuses, the command in a record. */
  void handle(ConsumerRecord<byte[], byte[]> record, ConsumerGroupMetadata group) {
    desk.answer(record, group);
  }

  /** Brings trial and run on. To be called often. */
  void tick() throws InterruptedException {
    serving.watchCandidate();
    runs.tick();
  }

  /** Ends the thread of the run, and the sender; the run stays to be gone on with. */
  @Override
  public void close() {
    runs.endThen(
        () -> {
          serving.close();
          sender.close();
        });
  }
}
