package io.surprisal.trainer;

import io.surprisal.model.release.Release;
import io.surprisal.model.release.ReleaseStore;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one trainer of a cluster that decides: it answers commands, starts runs, and announces
 * releases. Whatever it says goes out in transactions, an answer together with the offset of its
 * command, so that no command is carried out twice; and under one transactional id, so that a
 * trainer that was active before, and does not know yet that it is no more, cannot say anything.
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
  private final Topics topics;
  private final ReleaseStore store;
  private final Reservoir reservoir;
  private final StreamWatch watch;
  private final InstantSource clock;
  private final RunDirectories runs;
  private final RunPlanner planner;
  private final CommandReader commands;
  private final TransactionalSender sender;
  private final PublishedReleases releases;
  private final ClusterView view = new ClusterView();
  private final Instant activeSince;
  private Optional<Running> running = Optional.empty();
  private Optional<Canary> canary = Optional.empty();

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
    this.topics = settings.topics();
    this.store = store;
    this.reservoir = reservoir;
    this.watch = watch;
    this.clock = clock;
    runs = new RunDirectories(settings.directory().resolve("runs"));
    planner = new RunPlanner(settings, reservoir, store);
    commands = new CommandReader(settings.commanders(), settings.commandExpiry());
    sender = new TransactionalSender(settings);
    releases = new PublishedReleases(settings, store, sender, clock);
    try {
      replay();
      if (view.active().isEmpty() && settings.firstRelease().isPresent()) {
        announceFirst(settings.firstRelease().get());
      }
    } catch (RuntimeException | IOException e) {
      sender.close();
      throw e;
    }
    activeSince = clock.instant();
    LOG.info(
        "Active trainer {}: {}",
        settings.member(),
        view.active().map(a -> "release " + a.getReleaseId() + " serves").orElse("no release yet"));
  }

  private void announceFirst(Path file) throws IOException {
    Release release = Release.load(file);
    Said said = new Said();
    activate(
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
    try (KafkaConsumer<byte[], byte[]> consumer = settings.consumer(Map.of())) {
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
    Said said = new Said();
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

  private void carryOut(ControlCommand command, Said said) {
    String id = command.getCommandId();
    switch (command.getType()) {
      case RETRAIN -> {
        Optional<String> lack = planner.lack(alertRate(), Optional.empty());
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
          dropCandidate("cancelled by " + by(command), said);
          running.ifPresent(
              r -> {
                r.cancelledBy = Optional.of(by(command));
                r.run.cancel();
              });
          // Those that the run carries out are answered when it has ended.
          Set<String> carriedOut =
              running.map(r -> Set.copyOf(r.run.plan().commands())).orElse(Set.of());
          view.waiting().keySet().stream()
              .filter(waiting -> !carriedOut.contains(waiting))
              .forEach(waiting -> said.reject(waiting, "cancelled by " + by(command)));
          said.done(id, "cancelled");
        }
      }
      case PROMOTE -> promote(command, said);
      case CANARY -> tryOut(command, said);
      case ROLLBACK -> {
        Optional<ReleaseAnnouncement> before = view.before();
        if (before.isEmpty() || view.active().isEmpty()) {
          said.reject(id, "no release was active before the present one");
        } else {
          activate(before.get(), "rolled back by " + by(command), said);
          said.done(id, "release " + before.get().getReleaseId() + " is active again");
        }
      }
      case SET_ALERT_RATE -> {
        if (view.active().isEmpty()) {
          said.reject(id, "no release is active yet");
        } else {
          said.announce(
              copyOf(view.active().get())
                  .setAlertRate(command.getAlertRate())
                  .setReason("alert rate set by " + by(command))
                  .setAnnouncedBy(settings.member())
                  .setAnnouncedAt(clock.instant())
                  .build());
          said.done(id, "the alert rate is " + command.getAlertRate());
        }
      }
      case PAUSE -> said.done(id, "no run starts until RESUME");
      case RESUME -> said.done(id, "runs start again");
      case UNKNOWN -> throw new IllegalStateException("UNKNOWN is objected to before");
    }
  }

  private static String by(ControlCommand command) {
    String who = command.getRequestedBy().isEmpty() ? "somebody" : command.getRequestedBy();
    return command.getReason().isEmpty() ? who : who + ": " + command.getReason();
  }

  private void promote(ControlCommand command, Said said) {
    String id = command.getCommandId();
    String wanted = command.getReleaseId();
    Optional<String> objection = objection(wanted);
    if (objection.isPresent()) {
      said.reject(id, objection.get());
    } else {
      activate(view.release(wanted).orElseThrow(), "promoted by " + by(command), said);
      said.done(id, "release " + wanted + " is active");
    }
  }

  /** Why a release can be neither promoted nor tried; empty where it can. */
  private Optional<String> objection(String wanted) {
    if (view.release(wanted).isEmpty()) {
      return Optional.of("release " + wanted + " was never announced");
    }
    if (view.active().map(a -> a.getReleaseId().equals(wanted)).orElse(false)) {
      return Optional.of("release " + wanted + " is active already");
    }
    try {
      releases.fetch(view.release(wanted).orElseThrow());
      store.load(wanted);
      return Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      return Optional.of("release " + wanted + " cannot be loaded: " + e.getMessage());
    }
  }

  private void tryOut(ControlCommand command, Said said) {
    String id = command.getCommandId();
    Optional<String> objection =
        view.active().isEmpty()
            ? Optional.of("no release is active to try it beside; promote it")
            : view.candidate()
                .map(tried -> "release " + tried.getReleaseId() + " is tried; CANCEL ends that")
                .or(() -> objection(command.getReleaseId()));
    if (objection.isPresent()) {
      said.reject(id, objection.get());
    } else {
      double share =
          command.getShare() == null ? settings.canary().shareOrDefault() : command.getShare();
      said.accept(id, "it is tried on a share of %s of the images".formatted(share));
      tryOut(view.release(command.getReleaseId()).orElseThrow(), share, by(command), said);
    }
  }

  /** Announces a candidate; scorers try it beside the active release. */
  private void tryOut(ReleaseAnnouncement release, double share, String reason, Said said) {
    dropCandidate("release " + release.getReleaseId() + " is tried instead", said);
    said.announce(
        copyOf(release)
            .setState(ReleaseState.CANDIDATE)
            .setShadowShare(share)
            .setReason(reason)
            .setAnnouncedBy(settings.member())
            .setAnnouncedAt(clock.instant())
            .build());
    said.event(
        canaryEvent(TrainerEventType.CANARY_STARTED, release)
            .setMessage("tried on a share of %s of the images: %s".formatted(share, reason)));
  }

  /** The candidate, if there is one, is one no more and does not serve. */
  private void dropCandidate(String reason, Said said) {
    Optional<ReleaseAnnouncement> candidate = view.candidate();
    if (candidate.isEmpty()) {
      return;
    }
    boolean served = view.before().equals(candidate);
    said.announce(
        copyOf(candidate.get())
            .setState(served ? ReleaseState.INACTIVE : ReleaseState.REFUSED)
            .setReason(reason)
            .setAnnouncedBy(settings.member())
            .setAnnouncedAt(clock.instant())
            .build());
    said.event(canaryEvent(TrainerEventType.CANARY_REFUSED, candidate.get()).setMessage(reason));
    view.canary().ifPresent(command -> said.reject(command.getCommandId(), reason));
  }

  private TrainerEvent.Builder canaryEvent(TrainerEventType type, ReleaseAnnouncement candidate) {
    return TrainerEvent.newBuilder()
        .setType(type)
        .setEventTime(clock.instant())
        .setRunId(candidate.getRunId())
        .setReleaseId(candidate.getReleaseId())
        .setParentReleaseId(view.active().map(ReleaseAnnouncement::getReleaseId).orElse(null))
        .setMember(settings.member());
  }

  /** Brings the trial of the candidate on, or ends it. */
  private void watchCandidate() {
    Optional<ReleaseAnnouncement> candidate = view.candidate();
    String active = view.active().map(ReleaseAnnouncement::getReleaseId).orElse("");
    if (canary.isPresent() && !candidate.map(c -> canary.get().isOf(c, active)).orElse(false)) {
      canary.get().close();
      canary = Optional.empty();
    }
    if (candidate.isEmpty()) {
      return;
    }
    if (canary.isEmpty()) {
      long images = view.canary().map(ControlCommand::getImages).orElse(settings.canary().images());
      canary = Optional.of(new Canary(settings, candidate.get(), active, images));
    }
    Optional<Canary.Verdict> verdict = canary.get().verdict(clock.instant());
    if (verdict.isEmpty()) {
      return;
    }
    Said said = new Said();
    if (verdict.get().passed()) {
      ReleaseAnnouncement.Builder passed =
          copyOf(candidate.get())
              .setAlertRate(view.active().map(ReleaseAnnouncement::getAlertRate).orElse(null));
      activate(passed.build(), "canary passed: " + verdict.get().message(), said);
    } else {
      dropCandidate(verdict.get().message(), said);
    }
    said.publish();
  }

  /** The active release steps back first, so that the last announcement is the active one. */
  private void activate(ReleaseAnnouncement release, String reason, Said said) {
    if (view.candidate().map(c -> c.getReleaseId().equals(release.getReleaseId())).orElse(false)) {
      said.event(canaryEvent(TrainerEventType.CANARY_PASSED, release).setMessage(reason));
      view.canary().ifPresent(command -> said.done(command.getCommandId(), reason));
    } else {
      dropCandidate("release " + release.getReleaseId() + " is active from now on", said);
    }
    view.active()
        .filter(active -> !active.getReleaseId().equals(release.getReleaseId()))
        .ifPresent(
            active ->
                said.announce(
                    copyOf(active)
                        .setState(ReleaseState.INACTIVE)
                        .setReason("followed by " + release.getReleaseId())
                        .setAnnouncedAt(clock.instant())
                        .build()));
    said.announce(
        copyOf(release)
            .setState(ReleaseState.ACTIVE)
            .setShadowShare(null)
            .setReason(reason)
            .setAnnouncedBy(settings.member())
            .setAnnouncedAt(clock.instant())
            .build());
  }

  /** Avro's own copy goes through its reflection, which distrusts all classes but its own. */
  private static ReleaseAnnouncement.Builder copyOf(ReleaseAnnouncement release) {
    return ReleaseAnnouncement.newBuilder()
        .setReleaseId(release.getReleaseId())
        .setState(release.getState())
        .setLocation(release.getLocation())
        .setSha256(release.getSha256())
        .setSizeBytes(release.getSizeBytes())
        .setSignatureLocation(release.getSignatureLocation())
        .setParentReleaseId(release.getParentReleaseId())
        .setRunId(release.getRunId())
        .setHeldOutBitsPerDim(release.getHeldOutBitsPerDim())
        .setAlertRate(release.getAlertRate())
        .setReason(release.getReason())
        .setAnnouncedBy(release.getAnnouncedBy())
        .setAnnouncedAt(release.getAnnouncedAt());
  }

  private double alertRate() {
    return view.active()
        .map(ReleaseAnnouncement::getAlertRate)
        .filter(rate -> rate != null)
        .orElse(settings.alertRate());
  }

  /** Brings the run on, ends it, or starts the next one. To be called often. */
  void tick() throws InterruptedException {
    watchCandidate();
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
    Said said = new Said();
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
    Optional<RunPlanner.Order> order = order();
    if (order.isEmpty()) {
      return;
    }
    Path directory = runs.of(order.get().runId());
    try {
      if (view.active().isPresent()) {
        releases.fetch(view.active().get());
      }
      RunPlan plan = planner.plan(directory, order.get());
      Said said = new Said();
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
            settings,
            now ->
                progress.updateAndGet(
                    last -> last != null && last.point() && !now.point() ? last : now),
            clock);
    running = Optional.of(new Running(run, progress));
  }

  /** The run that is due; empty where none is. */
  private Optional<RunPlanner.Order> order() {
    Map<String, ControlCommand> waiting = view.waiting();
    if (!waiting.isEmpty()) {
      return Optional.of(ordered(waiting));
    }
    Instant now = clock.instant();
    boolean soon =
        view.lastRunEnd()
            .map(end -> Duration.between(end, now).compareTo(settings.pause()) < 0)
            .orElse(false);
    if (soon) {
      return Optional.empty();
    }
    if (view.active().isEmpty()) {
      return reservoir.seen() >= settings.firstImages()
              && planner.lack(alertRate(), Optional.empty()).isEmpty()
          ? Optional.of(due("the first release, from the stream's first images", Optional.empty()))
          : Optional.empty();
    }
    Optional<StreamShift> shift = watch.shift(view.active().get().getReleaseId());
    if (shift.isPresent() && planner.lack(alertRate(), shift).isEmpty()) {
      return Optional.of(due(shift.get().summary(), shift));
    }
    Instant last = view.lastRunEnd().orElse(activeSince);
    boolean scheduled = Duration.between(last, now).compareTo(settings.every()) >= 0;
    return scheduled && planner.lack(alertRate(), Optional.empty()).isEmpty()
        ? Optional.of(due("the schedule, every " + settings.every(), Optional.empty()))
        : Optional.empty();
  }

  private RunPlanner.Order due(String trigger, Optional<StreamShift> shift) {
    return new RunPlanner.Order(
        newRunId(),
        trigger,
        List.of(),
        view.active().map(ReleaseAnnouncement::getReleaseId),
        false,
        false,
        shift,
        settings.budget(),
        alertRate());
  }

  /** One run for all commands that wait. */
  private RunPlanner.Order ordered(Map<String, ControlCommand> waiting) {
    Duration budget =
        waiting.values().stream()
            .map(
                command ->
                    command.getMinutes() == null
                        ? settings.budget()
                        : Duration.ofMillis(Math.round(command.getMinutes() * 60_000)))
            .max(Duration::compareTo)
            .orElseThrow();
    return new RunPlanner.Order(
        newRunId(),
        waiting.values().stream()
            .map(command -> "asked for by " + by(command))
            .collect(Collectors.joining("; ")),
        List.copyOf(waiting.keySet()),
        view.active().map(ReleaseAnnouncement::getReleaseId),
        waiting.values().stream().anyMatch(ControlCommand::getFromScratch),
        waiting.values().stream().anyMatch(ControlCommand::getIncludeAlerted),
        Optional.empty(),
        budget,
        alertRate());
  }

  private static String newRunId() {
    return "run-" + UUID.randomUUID();
  }

  private void end(Running ended) throws InterruptedException {
    running = Optional.empty();
    RunPlan plan = ended.run.plan();
    try {
      TrainingRun.Outcome outcome = ended.outcome.get();
      if (!outcome.report().passed()) {
        Said said = new Said();
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
        Said said = new Said();
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
    Said said = new Said();
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
        tryOut(announcement, settings.canary().share().getAsDouble(), plan.trigger(), said);
      } else {
        activate(announcement, plan.trigger(), said);
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
    Said said = new Said();
    said.event(
        TrainerEvent.newBuilder()
            .setType(TrainerEventType.RUN_FAILED)
            .setEventTime(clock.instant())
            .setRunId(runId)
            .setMember(settings.member())
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
        .setMember(settings.member());
  }

  /** What goes out in one transaction, and into the view once it has. */
  private final class Said {
    private final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    private final List<Runnable> effects = new ArrayList<>();

    void announce(ReleaseAnnouncement announcement) {
      records.add(
          new ProducerRecord<>(
              topics.releases(),
              announcement.getReleaseId().getBytes(StandardCharsets.UTF_8),
              ANNOUNCEMENTS.encode(announcement)));
      effects.add(() -> view.saw(announcement));
    }

    void event(TrainerEvent.Builder builder) {
      TrainerEvent event = builder.build();
      byte[] key =
          event.getRunId() == null ? null : event.getRunId().getBytes(StandardCharsets.UTF_8);
      records.add(new ProducerRecord<>(topics.trainer(), key, EVENTS.encode(event)));
      effects.add(() -> view.saw(event));
      LOG.info(
          "{} {} {}", event.getType(), key == null ? "" : event.getRunId(), event.getMessage());
    }

    private void answer(TrainerEventType type, String commandId, String message) {
      event(
          TrainerEvent.newBuilder()
              .setType(type)
              .setEventTime(clock.instant())
              .setCommandId(commandId)
              .setMember(settings.member())
              .setMessage(message));
    }

    void accept(String commandId, String message) {
      answer(TrainerEventType.COMMAND_ACCEPTED, commandId, message);
    }

    void done(String commandId, String message) {
      answer(TrainerEventType.COMMAND_DONE, commandId, message);
    }

    void reject(String commandId, String message) {
      answer(TrainerEventType.COMMAND_REJECTED, commandId, message);
    }

    void publish() {
      publish(Map.of(), null);
    }

    /**
     * Commits all of it, and the offsets, or nothing.
     *
     * @throws KafkaException if nothing was committed
     */
    void publish(Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
      sender.send(records, offsets, group);
      effects.forEach(Runnable::run);
    }
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
    canary.ifPresent(Canary::close);
    sender.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
