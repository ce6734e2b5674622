package io.surprisal.trainer;

import io.surprisal.schemas.ControlCommand;
import io.surprisal.trainer.cluster.ClusterView;
import io.surprisal.trainer.cluster.CommandReader;
import io.surprisal.trainer.cluster.Statement;
import io.surprisal.trainer.cluster.Statements;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.run.RunPlanner;
import io.surprisal.trainer.run.TrainingRuns;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers commands: carries them out, lets them wait for a run, or says why not. An answer goes out
 * together with the offset of its command, so that no command is carried out twice. Not
 * thread-safe.
 */
final class CommandDesk {
  private static final Logger LOG = LoggerFactory.getLogger(CommandDesk.class);

  private final CommandReader commands;
  private final ClusterView view;
  private final Statements statements;
  private final RunPlanner planner;
  private final ServingRelease serving;
  private final TrainingRuns runs;
  private final InstantSource clock;

  /** Commands that could not be answered. */
  private long skipped;

  /** Owns nothing of what it is given. */
  CommandDesk(
      CommandReader commands,
      ClusterView view,
      Statements statements,
      RunPlanner planner,
      ServingRelease serving,
      TrainingRuns runs,
      InstantSource clock) {
    this.commands = commands;
    this.view = view;
    this.statements = statements;
    this.planner = planner;
    this.serving = serving;
    this.runs = runs;
    this.clock = clock;
  }

  /**
   * Carries out, or refuses, the command in a record.
   *
   * @param group that reads the commands
   */
  void answer(ConsumerRecord<byte[], byte[]> record, ConsumerGroupMetadata group) {
    Optional<ControlCommand> read = CommandReader.decode(record);
    Statement said = statements.begin();
    String id =
        read.map(command -> CommandReader.nameOf(record, command))
            .orElseGet(() -> CommandReader.nameOf(record));
    if (view.isWaiting(id)) {
      // A rejection would end the command that this one repeats.
      said.accept(id, "a command of this id was accepted before; it is carried out once");
    } else if (read.isEmpty()) {
      said.reject(id, "the record is no command that can be read");
    } else {
      ControlCommand command = read.get();
      Optional<String> objection =
          view.isAnswered(id)
              ? Optional.of("a command of this id was answered before; nothing is done")
              : commands.objection(record, command, clock.instant());
      if (objection.isPresent()) {
        said.reject(id, objection.get());
      } else {
        view.saw(command);
        carryOut(command, said);
      }
    }
    Map<TopicPartition, OffsetAndMetadata> next =
        Map.of(
            new TopicPartition(record.topic(), record.partition()),
            new OffsetAndMetadata(record.offset() + 1));
    try {
      said.publish(next, group);
    } catch (KafkaException e) {
      if (!isTooLarge(e)) {
        throw e;
      }
      skip(record, next, group, e);
    }
  }

  /**
   * Goes on behind a command whose answer no topic takes: asked again, it would come no further.
   */
  private void skip(
      ConsumerRecord<byte[], byte[]> record,
      Map<TopicPartition, OffsetAndMetadata> next,
      ConsumerGroupMetadata group,
      KafkaException why) {
    skipped++;
    LOG.error(
        "The command in {}-{} at {} is passed over, the {}. of this process: its answer is larger"
            + " than its topic takes",
        record.topic(),
        record.partition(),
        record.offset(),
        skipped,
        why);
    statements.begin().publish(next, group);
  }

  private static boolean isTooLarge(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof RecordTooLargeException) {
        return true;
      }
    }
    return false;
  }

  private void carryOut(ControlCommand command, Statement said) {
    String id = command.getCommandId();
    switch (command.getType()) {
      case RETRAIN -> retrain(id, said);
      case CANCEL -> cancel(command, said);
      case PROMOTE -> serving.promote(command, said);
      case CANARY -> serving.tryOut(command, said);
      case ROLLBACK -> serving.rollBack(command, said);
      case SET_ALERT_RATE -> serving.setAlertRate(command, said);
      case PAUSE -> said.done(id, "no run starts until RESUME");
      case RESUME -> said.done(id, "runs start again");
      case UNKNOWN -> throw new IllegalStateException("UNKNOWN is objected to before");
    }
  }

  private void retrain(String id, Statement said) {
    Optional<String> lack = planner.lack(serving.alertRate());
    if (view.isPaused()) {
      said.reject(id, "the trainer is paused; send RESUME first");
    } else if (lack.isPresent()) {
      said.reject(id, lack.get() + runs.filling().map(so -> "; " + so).orElse(""));
    } else {
      said.accept(id, runs.isUnderWay() ? "after the run under way" : "a run starts now");
    }
  }

  private void cancel(ControlCommand command, Statement said) {
    String id = command.getCommandId();
    if (!runs.isUnderWay() && view.waiting().isEmpty() && view.candidate().isEmpty()) {
      said.reject(id, "no run is under way, and no release is tried");
      return;
    }
    String by = CommandReader.by(command);
    serving.dropCandidate("cancelled by " + by, said);
    runs.cancel(by);
    // Those that the run carries out are answered when it has ended.
    view.waiting().keySet().stream()
        .filter(waiting -> !runs.carriesOut(waiting))
        .forEach(waiting -> said.reject(waiting, "cancelled by " + by));
    said.done(id, "cancelled");
  }
}
