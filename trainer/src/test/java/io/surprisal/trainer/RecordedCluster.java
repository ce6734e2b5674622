package io.surprisal.trainer;

import io.surprisal.handover.PublicationSettings;
import io.surprisal.handover.PublishedReleases;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.Topics;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.cluster.ClusterView;
import io.surprisal.trainer.cluster.Statement;
import io.surprisal.trainer.cluster.Statements;
import io.surprisal.trainer.cluster.TransactionalSender;
import io.surprisal.trainer.release.CanarySettings;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.reservoir.Reservoir;
import io.surprisal.trainer.run.RunDirectories;
import io.surprisal.trainer.run.RunLauncher;
import io.surprisal.trainer.run.RunPlanner;
import io.surprisal.trainer.run.RunSchedule;
import io.surprisal.trainer.run.ScheduleSettings;
import io.surprisal.trainer.run.TrainingRuns;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A cluster without a broker, whose time stands still: what is said is committed, and kept. */
public final class RecordedCluster {
  public static final Topics TOPICS = new Topics("test.");
  public static final Instant NOW = Instant.parse("2026-01-02T00:00:00Z");

  private static final RecordFormat<ControlCommand> COMMANDS =
      RecordFormat.of(ControlCommand.class);
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final RecordFormat<ReleaseAnnouncement> ANNOUNCEMENTS =
      RecordFormat.of(ReleaseAnnouncement.class);

  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final TransactionalSender sender = new TransactionalSender(producer);
  private final ClusterView view = new ClusterView();
  private final ClusterSettings settings =
      new ClusterSettings(
          "cluster",
          TOPICS,
          Map.of(),
          "trainer",
          "t1",
          TrustedKeys.NOBODY_ASKED,
          Duration.ofHours(1));
  private final Statements statements =
      new Statements(settings, view, sender, Optional.empty(), type -> {}, () -> NOW);
  private long commands;

  public ClusterSettings settings() {
    return settings;
  }

  public ClusterView view() {
    return view;
  }

  public Statements statements() {
    return statements;
  }

  public TransactionalSender sender() {
    return sender;
  }

  /** Releases that are put into a store, of which five are kept, and are not signed. */
  public PublishedReleases releases(Path folder, ReleaseStore store, InstantSource clock) {
    return new PublishedReleases(
        new PublicationSettings(folder, false, 5, Optional.empty(), TrustedKeys.NOBODY_ASKED),
        store,
        TOPICS.releaseChunks(),
        sender::sendAndLocate,
        settings::consumer,
        clock);
  }

  /** Which of them serves; candidates that pass the gate do at once. */
  public ServingRelease serving(
      PublishedReleases releases, ReleaseStore store, InstantSource clock) {
    return new ServingRelease(
        settings,
        new CanarySettings(OptionalDouble.empty(), 500, Duration.ofHours(1)),
        SmallRuns.runs().gate(),
        store,
        releases,
        view,
        statements,
        clock);
  }

  /** Runs of such a trainer, none of which is due by itself. */
  public TrainingRuns runs(
      RunLauncher launcher,
      RunDirectories directories,
      RunPlanner planner,
      Reservoir reservoir,
      PublishedReleases releases,
      ServingRelease serving,
      InstantSource clock) {
    return new TrainingRuns(
        launcher,
        directories,
        new RunSchedule(
            new ScheduleSettings(
                1_000_000, Duration.ofMinutes(1), Duration.ofDays(1), Duration.ofMinutes(1)),
            reservoir,
            release -> Optional.empty(),
            planner,
            view,
            serving,
            clock),
        releases,
        serving,
        view,
        statements,
        clock);
  }

  /** The record of a command, at the next offset of its topic. */
  public ConsumerRecord<byte[], byte[]> record(ControlCommand command) {
    byte[] key = command.getCommandId().getBytes(StandardCharsets.UTF_8);
    return new ConsumerRecord<>(TOPICS.control(), 0, commands++, key, COMMANDS.encode(command));
  }

  /** A command of now, without the fields of its type. */
  public static ControlCommand.Builder command(String id, CommandType type) {
    return ControlCommand.newBuilder()
        .setCommandId(id)
        .setType(type)
        .setRequestedBy("a test")
        .setRequestedAt(NOW);
  }

  /** A command that was accepted before. */
  public void accepted(ControlCommand command) {
    view.saw(command);
    Statement said = statements.begin();
    said.accept(command.getCommandId(), "");
    said.publish();
  }

  /** No record goes out from now on. */
  void refuseSends(RuntimeException why) {
    producer.sendException = why;
  }

  /** Records go out again. */
  void acceptSends() {
    producer.sendException = null;
  }

  /** All events that were said. */
  public List<TrainerEvent> events() {
    return producer.history().stream()
        .filter(record -> record.topic().equals(TOPICS.trainer()))
        .map(record -> EVENTS.decode(record.value()))
        .toList();
  }

  /** The types of all events but of progress. */
  public List<TrainerEventType> eventTypes() {
    return events().stream()
        .map(TrainerEvent::getType)
        .filter(type -> type != TrainerEventType.RUN_PROGRESS)
        .toList();
  }

  /** The last event. */
  public TrainerEvent last() {
    List<TrainerEvent> all = events();
    return all.get(all.size() - 1);
  }

  /** All that was announced. */
  public List<ReleaseAnnouncement> announcements() {
    return producer.history().stream()
        .filter(record -> record.topic().equals(TOPICS.releases()))
        .map(record -> ANNOUNCEMENTS.decode(record.value()))
        .toList();
  }

  /** Up to where the group of the trainers has read the commands, as the last transaction says. */
  public long committedCommands() {
    List<Map<String, Map<TopicPartition, OffsetAndMetadata>>> all =
        producer.consumerGroupOffsetsHistory();
    return all.get(all.size() - 1)
        .values()
        .iterator()
        .next()
        .get(new TopicPartition(TOPICS.control(), 0))
        .offset();
  }
}
