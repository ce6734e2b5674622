package io.surprisal.trainer;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.cluster.ClusterView;
import io.surprisal.trainer.cluster.CommandReader;
import io.surprisal.trainer.cluster.Statement;
import io.surprisal.trainer.cluster.TransactionalSender;
import io.surprisal.trainer.drift.StreamWatch;
import io.surprisal.trainer.release.PublishedReleases;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.run.RunDirectories;
import io.surprisal.trainer.run.RunPlan;
import io.surprisal.trainer.run.RunPlanner;
import io.surprisal.trainer.run.RunSchedule;
import io.surprisal.trainer.run.TrainingRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one trainer of a cluster that decides: it answers commands, starts the runs that are due
 * ({@link RunSchedule}), and announces releases ({@link ServingRelease}). Whatever it says goes out
 * in transactions, an answer together with the offset of its command, so that no command is carried
 * out twice; and under one transactional id, so that a trainer that was active before, and does not
 * know yet that it is no more, cannot say anything.
 *
 * <p>Its state lies in the topics, see {@link ClusterView}; runs lie in directories, see {@link
 * RunPlan}. Owns the sender and the thread of the run; {@link #close} ends them, and leaves a run
 * to be gone on with. Not thread-safe.
 */
final class ActiveTrainer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ActiveTrainer.class);
  private static final RecordFormat<ReleaseAnnouncement> ANNOUNCEMENTS =
      RecordFormat.of(ReleaseAnnouncement.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final Duration PROGRESS = Duration.ofSeconds(5);
  private static final Duration REPLAY_POLL = Duration.ofMillis(200);

  private final TrainerSettings settings;
  private final ClusterSettings cluster;
  private final Topics topics;
  private final ReleaseStore store;
  private final InstantSource clock;
  private final RunDirectories runs;
  private final RunPlanner planner;
  private final CommandReader commands;
  private final TransactionalSender sender;
  private final PublishedReleases releases;
  private final ClusterView view = new ClusterView();
  private final ServingRelease serving;
  private final RunSchedule schedule;
  private Optional<Running> running = Optional.empty();

  /** A run on its thread. */
  private static final class Running {
    private final TrainingRun run;
    private final FutureTask<TrainingRun.Outcome> outcome;
    private final Thread thread;
    private final AtomicReference<TrainingRun.Progress> progress;
    private Instant told = Instant.MIN;
    private Optional<String> cancelledBy = Optional.empty();

    Running(TrainingRun run, AtomicReference<TrainingRun.Progress> progress) {
      this.run = run;
      this.progress = progress;
      outcome = new FutureTask<>(run);
      thread = new Thread(outcome, "trainer-run");
      thread.start();
    }
  }

  /**
   * Becomes the active trainer: fences the one before, and reads what it left.
   *
   * @throws IOException if the first release is to be announced and cannot be stored
   */
  ActiveTrainer(
      TrainerSettings settings,
      ReleaseStore store,
      Reservoir reservoir,
      StreamWatch watch,
      InstantSource clock)
      throws IOException {
    this.settings = settings;
    cluster = settings.cluster();
    topics = cluster.topics();
    this.store = store;
    this.clock = clock;
    runs = new RunDirectories(settings.directory().resolve("runs"));
    planner = new RunPlanner(settings.runs(), reservoir, store);
    commands = new CommandReader(cluster.commanders(), cluster.commandExpiry());
    sender = new TransactionalSender(cluster);
    releases =
        new PublishedReleases(
            settings.publication(),
            store,
            topics.releaseChunks(),
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
            this::statement,
            clock);
    try {
      replay();
      if (view.active().isEmpty() && settings.firstRelease().isPresent()) {
        announceFirst(settings.firstRelease().get());
      }
    } catch (RuntimeException | IOException e) {
      sender.close();
      throw e;
    }
    schedule =
        new RunSchedule(settings.schedule(), reservoir, watch, planner, view, serving, clock);
    LOG.info(
        "Active trainer {}: {}",
        cluster.member(),
        view.active().map(a -> "release " + a.getReleaseId() + " serves").orElse("no release yet"));
  }

  private Statement statement() {
    return new Statement(cluster, view, sender, clock);
  }

  private void announceFirst(Path file) throws IOException {
    Release release = Release.load(file);
    Statement said = statement();
    serving.activate(
        releases.publish(file, release).build(),
        "the first release, from " + file.getFileName(),
        said);
    said.publish();
  }

  /** Reads control, releases and trainer to their ends; answers count for commands seen before. */
  private void replay() {
    List<TopicPartition> all =
        List.of(
            new TopicPartition(topics.control(), 0),
            new TopicPartition(topics.releases(), 0),
            new TopicPartition(topics.trainer(), 0));
    try (KafkaConsumer<byte[], byte[]> consumer = cluster.consumer()) {
      for (TopicPartition partition : all) {
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        long end = consumer.endOffsets(List.of(partition)).get(partition);
        while (consumer.position(partition) < end) {
          consumer.poll(REPLAY_POLL).forEach(this::replay);
        }
      }
    }
  }

  private void replay(ConsumerRecord<byte[], byte[]> record) {
    try {
      if (record.value() == null) {
        return;
      }
      if (record.topic().equals(topics.control())) {
        CommandReader.decode(record).ifPresent(view::saw);
      } else if (record.topic().equals(topics.releases())) {
        view.saw(ANNOUNCEMENTS.decode(record.value()));
      } else {
        view.saw(EVENTS.decode(record.value()));
      }
    } catch (RecordFormatException e) {
      LOG.warn("{} at {} is skipped", record.topic(), record.offset(), e);
    }
  }

  /** Carries out, or refuses, the command in a record. */
  void handle(ConsumerRecord<byte[], byte[]> record, ConsumerGroupMetadata group) {
    Optional<ControlCommand> read = CommandReader.decode(record);
    Statement said = statement();
    String id = read.map(ControlCommand::getCommandId).orElse(CommandReader.nameOf(record));
    if (view.isWaiting(id)) {
      // A rejection would end the command that this one repeats.
      said.accept(id, "a command of this id was accepted before; it is carried out once");
    } else if (read.isEmpty()) {
      said.reject(id, "the record is no command that can be read");
    } else {
      ControlCommand command = read.get();
      boolean repeated = view.isAnswered(id);
      view.saw(command);
      Optional<String> objection =
          repeated
              ? Optional.of("a command of this id was answered before; nothing is done")
              : commands.objection(record, command, clock.instant());
      if (objection.isPresent()) {
        said.reject(id, objection.get());
      } else {
        carryOut(command, said);
      }
    }
    said.publish(
        Map.of(
            new TopicPartition(record.topic(), record.partition()),
            new OffsetAndMetadata(record.offset() + 1)),
        group);
  }

  private void carryOut(ControlCommand command, Statement said) {
    String id = command.getCommandId();
    switch (command.getType()) {
      case RETRAIN -> {
        Optional<String> lack = planner.lack(serving.alertRate(), Optional.empty());
        if (view.isPaused()) {
          said.reject(id, "the trainer is paused; send RESUME first");
        } else if (lack.isPresent()) {
          said.reject(id, lack.get());
        } else {
          said.accept(id, running.isPresent() ? "after the run under way" : "a run starts now");
        }
      }
      case CANCEL -> {
        if (running.isEmpty() && view.waiting().isEmpty() && view.candidate().isEmpty()) {
          said.reject(id, "no run is under way, and no release is tried");
        } else {
          serving.dropCandidate("cancelled by " + CommandReader.by(command), said);
          running.ifPresent(
              r -> {
                r.cancelledBy = Optional.of(CommandReader.by(command));
                r.run.cancel();
              });
          // Those that the run carries out are answered when it has ended.
          Set<String> carriedOut =
              running.map(r -> Set.copyOf(r.run.plan().commands())).orElse(Set.of());
          view.waiting().keySet().stream()
              .filter(waiting -> !carriedOut.contains(waiting))
              .forEach(
                  waiting -> said.reject(waiting, "cancelled by " + CommandReader.by(command)));
          said.done(id, "cancelled");
        }
      }
      case PROMOTE -> serving.promote(command, said);
      case CANARY -> serving.tryOut(command, said);
      case ROLLBACK -> serving.rollBack(command, said);
      case SET_ALERT_RATE -> serving.setAlertRate(command, said);
      case PAUSE -> said.done(id, "no run starts until RESUME");
      case RESUME -> said.done(id, "runs start again");
      case UNKNOWN -> throw new IllegalStateException("UNKNOWN is objected to before");
    }
  }

  /** Brings the run on, ends it, or starts the next one. To be called often. */
  void tick() throws InterruptedException {
    serving.watchCandidate();
    if (running.isEmpty()) {
      start();
    } else if (running.get().outcome.isDone()) {
      end(running.get());
      sweep();
    } else {
      tell(running.get());
    }
  }

  private void tell(Running now) {
    TrainingRun.Progress progress = now.progress.get();
    boolean due = Duration.between(now.told, clock.instant()).compareTo(PROGRESS) >= 0;
    if (progress == null || !due && !progress.point()) {
      return;
    }
    now.progress.compareAndSet(progress, null);
    now.told = clock.instant();
    Statement said = statement();
    said.event(
        event(TrainerEventType.RUN_PROGRESS, now.run.plan())
            .setStep(progress.step())
            .setImages(progress.images())
            .setImagesPerSecond(progress.imagesPerSecond())
            .setTrainBitsPerDim(orNull(progress.bitsPerDim()))
            .setHeldOutBitsPerDim(orNull(progress.heldOutBitsPerDim()))
            .setSecondsLeft(progress.secondsLeft()));
    said.publish();
  }

  private static Double orNull(double value) {
    return Double.isNaN(value) ? null : value;
  }

  private void start() {
    for (String open : view.openRuns()) {
      goOn(open);
      if (running.isPresent()) {
        return;
      }
    }
    if (view.isPaused() || view.candidate().isPresent()) {
      return; // a run starts from the release that serves, and that may soon be the candidate
    }
    Optional<RunPlanner.Order> order = schedule.next();
    if (order.isEmpty()) {
      return;
    }
    Path directory = runs.of(order.get().runId());
    try {
      if (view.active().isPresent()) {
        releases.fetch(view.active().get());
      }
      RunPlan plan = planner.plan(directory, order.get());
      Statement said = statement();
      said.event(
          event(TrainerEventType.RUN_STARTED, plan)
              .setMessage(
                  String.format(
                      Locale.ROOT,
                      "%s; %.1f minutes %s",
                      plan.trigger(),
                      plan.minutes(),
                      plan.warm() ? "from release " + plan.parent() : "from new weights")));
      said.publish();
      run(directory, plan);
    } catch (IOException | IllegalStateException e) {
      LOG.error("run {} cannot be prepared", order.get().runId(), e);
      fail(order.get().runId(), order.get().commands(), "it cannot be prepared: " + e.getMessage());
      sweep();
    }
  }

  private void goOn(String runId) {
    Path directory = runs.of(runId);
    if (!RunPlan.isIn(directory)) {
      fail(runId, List.of(), "its files lie with the trainer that started it");
      return;
    }
    try {
      LOG.info("goes on with run {}", runId);
      run(directory, RunPlan.read(directory));
    } catch (IOException e) {
      LOG.error("run {} cannot be gone on with", runId, e);
      fail(runId, List.of(), "it cannot be gone on with: " + e.getMessage());
    }
  }

  private void run(Path directory, RunPlan plan) {
    AtomicReference<TrainingRun.Progress> progress = new AtomicReference<>();
    TrainingRun run =
        new TrainingRun(
            directory,
            plan,
            store,
            settings.runs(),
            now ->
                progress.updateAndGet(
                    last -> last != null && last.point() && !now.point() ? last : now),
            clock);
    running = Optional.of(new Running(run, progress));
  }

  private void end(Running ended) throws InterruptedException {
    running = Optional.empty();
    RunPlan plan = ended.run.plan();
    try {
      TrainingRun.Outcome outcome = ended.outcome.get();
      if (!outcome.report().passed()) {
        Statement said = statement();
        said.event(
            event(TrainerEventType.RUN_REFUSED, plan)
                .setReleaseId(outcome.release().id())
                .setHeldOutBitsPerDim(orNull(outcome.report().bitsPerDim()))
                .setParentHeldOutBitsPerDim(active(outcome))
                .setMessage(outcome.report().summary() + "; kept as " + outcome.file()));
        plan.commands()
            .forEach(id -> said.reject(id, "the gate refuses: " + outcome.report().summary()));
        said.publish();
      } else {
        announce(plan, outcome);
      }
    } catch (ExecutionException e) {
      if (ended.cancelledBy.isPresent()) {
        String why = "cancelled by " + ended.cancelledBy.get();
        Statement said = statement();
        said.event(event(TrainerEventType.RUN_CANCELLED, plan).setMessage(why));
        plan.commands().forEach(id -> said.reject(id, why));
        said.publish();
        return;
      }
      LOG.error("run {} failed", plan.runId(), e.getCause());
      fail(plan.runId(), plan.commands(), String.valueOf(e.getCause().getMessage()));
    } catch (IOException e) {
      LOG.error("the release of run {} cannot be stored", plan.runId(), e);
      fail(plan.runId(), plan.commands(), "its release cannot be stored: " + e.getMessage());
    }
  }

  /** Deletes what a run has left, whose release is in the store. */
  private void discard(String runId) {
    try {
      runs.delete(runId);
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("run {} cannot be deleted", runId, e);
    }
  }

  /** Deletes what ended runs have left, but for the newest without a release. */
  private void sweep() {
    try {
      runs.retain(view.openRuns());
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("old runs cannot be deleted", e);
    }
  }

  private static Double active(TrainingRun.Outcome outcome) {
    return outcome.report().activeBitsPerDim().isPresent()
        ? outcome.report().activeBitsPerDim().getAsDouble()
        : null;
  }

  private void announce(RunPlan plan, TrainingRun.Outcome outcome) throws IOException {
    Release release = outcome.release();
    Statement said = statement();
    boolean tried = settings.canary().share().isPresent() && view.active().isPresent();
    if (!view.isAnnounced(plan.runId())) {
      ReleaseAnnouncement announcement =
          releases
              .publish(outcome.file(), release)
              .setParentReleaseId(plan.parent().isEmpty() ? null : plan.parent())
              .setRunId(plan.runId())
              .setHeldOutBitsPerDim(outcome.report().bitsPerDim())
              .setAlertRate(view.active().map(ReleaseAnnouncement::getAlertRate).orElse(null))
              .build();
      if (tried) {
        serving.tryOut(announcement, settings.canary().share().getAsDouble(), plan.trigger(), said);
      } else {
        serving.activate(announcement, plan.trigger(), said);
      }
    }
    said.event(
        event(TrainerEventType.RUN_PUBLISHED, plan)
            .setReleaseId(release.id())
            .setStep(release.training().steps())
            .setImages(release.training().trainingImages())
            .setHeldOutBitsPerDim(outcome.report().bitsPerDim())
            .setParentHeldOutBitsPerDim(active(outcome))
            .setMessage(outcome.report().summary()));
    String now = tried ? " passed the gate and is tried on live images" : " is active";
    plan.commands().forEach(id -> said.done(id, "release " + release.id() + now));
    said.publish();
    retain();
    discard(plan.runId());
  }

  /** Keeps the releases that serve, or served before, and the newest others. */
  private void retain() {
    Set<String> kept = new HashSet<>();
    view.active().ifPresent(release -> kept.add(release.getReleaseId()));
    view.before().ifPresent(release -> kept.add(release.getReleaseId()));
    view.candidate().ifPresent(release -> kept.add(release.getReleaseId()));
    releases.retain(kept, view::release);
  }

  private void fail(String runId, List<String> commandIds, String reason) {
    Statement said = statement();
    said.event(
        TrainerEvent.newBuilder()
            .setType(TrainerEventType.RUN_FAILED)
            .setEventTime(clock.instant())
            .setRunId(runId)
            .setMember(cluster.member())
            .setMessage(reason));
    commandIds.forEach(id -> said.reject(id, "the run failed: " + reason));
    said.publish();
  }

  private TrainerEvent.Builder event(TrainerEventType type, RunPlan plan) {
    return TrainerEvent.newBuilder()
        .setType(type)
        .setEventTime(clock.instant())
        .setRunId(plan.runId())
        .setCommandId(plan.commands().isEmpty() ? null : plan.commands().get(0))
        .setParentReleaseId(plan.parent().isEmpty() ? null : plan.parent())
        .setMember(cluster.member());
  }

  /** Ends the thread of the run, and the sender; the run stays to be gone on with. */
  @Override
  public void close() {
    boolean interrupted = false;
    if (running.isPresent()) {
      running.get().run.cancel();
      while (running.get().thread.isAlive()) {
        try {
          running.get().thread.join();
        } catch (InterruptedException e) {
          interrupted = true; // native memory is in use until it ends
        }
      }
    }
    serving.close();
    sender.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
