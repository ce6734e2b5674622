package io.surprisal.service.steer;

import io.surprisal.handover.Seal;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Sends commands to the trainer, signed where there is a key. Thread-safe. */
public final class CommandSender {
  private static final RecordFormat<ControlCommand> COMMANDS =
      RecordFormat.of(ControlCommand.class);

  private final Producer<byte[], byte[]> producer;
  private final Topics topics;
  private final Optional<Signing> signing;

  /**
   * How commands are signed.
   *
   * @param key Ed25519
   * @param clusterId of the cluster that they are meant for
   * @param validity how long each holds
   */
  public record Signing(PrivateKey key, String clusterId, Duration validity) {}

  /**
   * @param producer stays the caller's
   */
  public CommandSender(
      Producer<byte[], byte[]> producer, Topics topics, Optional<Signing> signing) {
    this.producer = producer;
    this.topics = topics;
    this.signing = signing;
  }

  /**
   * Sends a command and waits until the broker has it; the trainer answers on its own topic.
   *
   * @throws KafkaException if the broker does not take it
   */
  public void send(ControlCommand command) throws InterruptedException {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            topics.control(),
            command.getCommandId().getBytes(StandardCharsets.UTF_8),
            COMMANDS.encode(command));
    signing.ifPresent(
        by ->
            Seal.COMMAND.put(
                record,
                by.clusterId(),
                command.getRequestedAt().plus(by.validity()).toEpochMilli(),
                by.key()));
    try {
      producer.send(record).get();
    } catch (ExecutionException e) {
      throw new KafkaException("the command could not be sent", e.getCause());
    }
  }
}
