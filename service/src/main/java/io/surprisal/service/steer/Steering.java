package io.surprisal.service.steer;

import io.surprisal.handover.Ed25519;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.Output;
import io.surprisal.service.options.KafkaOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sends a command to the trainer and waits for its answer. A mixin of the commands that do so. */
final class Steering {
  private static final RecordFormat<TrainerEvent> EVENTS = RecordFormat.of(TrainerEvent.class);
  private static final Duration POLL = Duration.ofMillis(200);

  private final Invocation invocation;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Why, for those who read it later.")
  private String reason;

  @Option(
      names = "--requested-by",
      paramLabel = "NAME",
      description = "Who asks, as a claim (default: the user's name).")
  private String requestedBy = System.getProperty("user.name", "");

  @Option(
      names = "--command-id",
      paramLabel = "ID",
      description = "Name of the command; the same one is not carried out twice (default: new).")
  private String commandId = UUID.randomUUID().toString();

  @Option(
      names = "--sign-with",
      paramLabel = "FILE",
      description = "Private key (Ed25519, PEM) that the command is signed with.")
  private Optional<Path> signingKey = Optional.empty();

  @Option(
      names = "--valid-for",
      paramLabel = "DURATION",
      defaultValue = "1h",
      description = "How long a signed command holds (default: ${DEFAULT-VALUE}).")
  private Duration validity;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      defaultValue = "30s",
      description = "Give up when no trainer answers for this long (default: ${DEFAULT-VALUE}).")
  private Duration timeout;

  Steering(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  KafkaOptions kafka() {
    return kafka;
  }

  Output output() {
    return output;
  }

  /** A command with what all have in common. */
  ControlCommand.Builder command(CommandType type) {
    return ControlCommand.newBuilder()
        .setCommandId(commandId)
        .setType(type)
        .setReason(reason)
        .setRequestedBy(requestedBy)
        .setRequestedAt(Instant.now());
  }

  /** Sends a command, waits until it is carried out or refused, and prints that. */
  int send(ControlCommand command) throws InterruptedException, IOException {
    return send(command, true, event -> {});
  }

  /**
   * Sends a command and prints its answer.
   *
   * @param toTheEnd whether to wait until an accepted command is carried out
   * @param heard is told all that the trainer says meanwhile
   * @return the exit code: 0, or 1 if the command was refused
   * @throws MissingDependencyException if no trainer answers in time
   */
  int send(ControlCommand command, boolean toTheEnd, Consumer<TrainerEvent> heard)
      throws InterruptedException, IOException {
    try (Admin admin = kafka.connect()) {
      kafka.maxMessageBytes(admin, kafka.topics().control()); // or says that there is no topic
    }
    TopicPartition trainer = new TopicPartition(kafka.topics().trainer(), 0);
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.reader()) {
      consumer.assign(List.of(trainer));
      consumer.seekToEnd(List.of(trainer));
      consumer.position(trainer);
      publish(command);
      return await(command, toTheEnd, heard, consumer);
    }
  }

  private int await(
      ControlCommand command,
      boolean toTheEnd,
      Consumer<TrainerEvent> heard,
      KafkaConsumer<byte[], byte[]> consumer) {
    boolean accepted = false;
    Optional<TrainerEvent> running = Optional.empty();
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!invocation.stop().requested()) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        Optional<TrainerEvent> event = decode(record);
        if (event.isEmpty()) {
          continue;
        }
        heard.accept(event.get());
        running = event.get().getType() == TrainerEventType.RUN_PROGRESS ? event : running;
        if (!command.getCommandId().equals(event.get().getCommandId())) {
          continue;
        }
        TrainerEventType type = event.get().getType();
        accepted |= type == TrainerEventType.COMMAND_ACCEPTED;
        if (type == TrainerEventType.COMMAND_DONE
            || type == TrainerEventType.COMMAND_REJECTED
            || (accepted && !toTheEnd)) {
          print(event.get());
          return type == TrainerEventType.COMMAND_REJECTED ? Failure.FAILED : 0;
        }
      }
      if (!accepted && System.nanoTime() > deadline && running.isPresent()) {
        throw new MissingDependencyException(
            "the trainer goes on with %s and has not answered within %d s; the command waits for it in %s, and 'surprisal trainer' prints the answer"
                .formatted(
                    running.get().getRunId(), timeout.toSeconds(), kafka.topics().control()));
      }
      if (!accepted && System.nanoTime() > deadline) {
        throw new MissingDependencyException(
            "no trainer answers at %s within %d s; start one with 'surprisal train' (the command waits for it in %s)"
                .formatted(kafka.bootstrapServer(), timeout.toSeconds(), kafka.topics().control()));
      }
    }
    return 0;
  }

  private static Optional<TrainerEvent> decode(ConsumerRecord<byte[], byte[]> record) {
    try {
      return Optional.of(EVENTS.decode(record.value()));
    } catch (RecordFormatException e) {
      return Optional.empty(); // not ours; 'surprisal trainer' reports it
    }
  }

  private void print(TrainerEvent event) {
    output.printLine(AvroFields.of(event), TrainerEventLine.of(event));
  }

  private void publish(ControlCommand command) throws InterruptedException, IOException {
    Optional<CommandSender.Signing> signing = Optional.empty();
    if (signingKey.isPresent()) {
      signing =
          Optional.of(
              new CommandSender.Signing(
                  Ed25519.privateKey(signingKey.get()), kafka.clusterId(), validity));
    }
    try (KafkaProducer<byte[], byte[]> producer = kafka.producer(Map.of())) {
      new CommandSender(producer, kafka.topics(), signing).send(command);
    }
  }
}
