package io.surprisal.trainer.cluster;

import io.surprisal.handover.Seal;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.CommandHeaders;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * Takes commands from their records, and says what is wrong with one without looking at the state
 * of the system.
 */
public final class CommandReader {

  private static final RecordFormat<ControlCommand> COMMANDS =
      RecordFormat.of(ControlCommand.class);
  private static final int MAX_ID_BYTES = 256;

  /** Of reason and sender, in characters: an answer that repeats them fits its topic. */
  private static final int MAX_WORDS = 4096;

  private static final double MAX_MINUTES = 7 * 24 * 60;
  private static final Duration CLOCKS_APART = Duration.ofMinutes(5);

  private final ClusterSettings cluster;

  /**
   * @param cluster says where commands belong, who may give them, and how long they hold
   */
  public CommandReader(ClusterSettings cluster) {
    this.cluster = cluster;
  }

  /** The command of a record; empty where it cannot be read. */
  public static Optional<ControlCommand> decode(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(COMMANDS.decode(record.value()));
    } catch (RecordFormatException e) {
      return Optional.empty();
    }
  }

  /** What to call the command of a record that cannot be read: its key, or its place. */
  public static String nameOf(ConsumerRecord<byte[], byte[]> record) {
    return record.key() != null && record.key().length > 0 && record.key().length <= MAX_ID_BYTES
        ? new String(record.key(), StandardCharsets.UTF_8)
        : record.topic() + "-" + record.partition() + "-" + record.offset();
  }

  /** Whether an id is of a length that can be answered: 1 to {@value #MAX_ID_BYTES} bytes. */
  static boolean isShort(String commandId) {
    return !commandId.isEmpty()
        && commandId.length() <= MAX_ID_BYTES
        && commandId.getBytes(StandardCharsets.UTF_8).length <= MAX_ID_BYTES;
  }

  /** What to call a command where it is answered: its id, or what its record is called. */
  public static String nameOf(ConsumerRecord<byte[], byte[]> record, ControlCommand command) {
    return isShort(command.getCommandId()) ? command.getCommandId() : nameOf(record);
  }

  /** What of a command is too long to be kept, or repeated; empty where nothing is. */
  public static Optional<String> excess(ControlCommand command) {
    if (!isShort(command.getCommandId())) {
      return Optional.of(
          "commandId has %d bytes, must have 1 to %d"
              .formatted(
                  command.getCommandId().getBytes(StandardCharsets.UTF_8).length, MAX_ID_BYTES));
    }
    if (command.getReason().length() > MAX_WORDS) {
      return Optional.of(tooLong("reason", command.getReason()));
    }
    if (command.getRequestedBy().length() > MAX_WORDS) {
      return Optional.of(tooLong("requestedBy", command.getRequestedBy()));
    }
    if (command.getReleaseId() != null && command.getReleaseId().length() > MAX_ID_BYTES) {
      return Optional.of(
          "releaseId has %d characters, must have 64".formatted(command.getReleaseId().length()));
    }
    return Optional.empty();
  }

  private static String tooLong(String field, String text) {
    return "%s has %d characters, may have %d".formatted(field, text.length(), MAX_WORDS);
  }

  /** Why a command is refused whatever the state of the system; empty where it is not. */
  public Optional<String> objection(
      ConsumerRecord<byte[], byte[]> record, ControlCommand command, Instant now) {
    Optional<String> excess = excess(command);
    if (excess.isPresent()) {
      return excess;
    }
    Optional<String> forgery = forgery(record, now);
    if (forgery.isPresent()) {
      return forgery;
    }
    if (Duration.between(command.getRequestedAt(), now).compareTo(cluster.commandExpiry()) > 0) {
      return Optional.of(
          "the command is of %s, older than %s; send it again"
              .formatted(command.getRequestedAt(), cluster.commandExpiry()));
    }
    if (Duration.between(now, command.getRequestedAt()).compareTo(CLOCKS_APART) > 0) {
      return Optional.of(
          "the command is of %s, which is yet to come; set the sender's clock"
              .formatted(command.getRequestedAt()));
    }
    return fieldObjection(command);
  }

  /**
   * Whether a command of the past was signed for this place, or needed not be; its key may have
   * expired since.
   */
  boolean isAuthentic(ConsumerRecord<byte[], byte[]> record) {
    return !cluster.commanders().isAsked()
        || Seal.COMMAND.isBySomeoneTrusted(record, cluster.clusterId(), cluster.commanders());
  }

  private OptionalLong expires(ConsumerRecord<byte[], byte[]> record) {
    return Seal.COMMAND.number(record, cluster.clusterId(), cluster.commanders());
  }

  /** Why a command is not obeyed for what its signature says; empty where it is. */
  private Optional<String> forgery(ConsumerRecord<byte[], byte[]> record, Instant now) {
    if (!cluster.commanders().isAsked()) {
      return Optional.empty();
    }
    OptionalLong expires = expires(record);
    if (expires.isPresent()) {
      Instant end = Instant.ofEpochMilli(expires.getAsLong());
      return end.isBefore(now)
          ? Optional.of("the command's signature has expired at %s; send it again".formatted(end))
          : Optional.empty();
    }
    return Optional.of(
        isSigned(record, cluster.commanders())
            ? "the command's signature says neither for which cluster and topic nor until when it"
                + " holds, as those of earlier versions; upgrade the sender"
            : Seal.COMMAND
                .objection(record, cluster.clusterId(), cluster.commanders())
                .orElseThrow());
  }

  /** Whether one of some keys has signed the value of a record. */
  static boolean isSigned(ConsumerRecord<byte[], byte[]> record, TrustedKeys trusted) {
    Header signature = record.headers().lastHeader(CommandHeaders.SIGNATURE);
    return signature != null
        && signature.value() != null
        && trusted.objectionAtAnyTime(record.value(), signature.value()).isEmpty();
  }

  /** Fields that contradict the type of the command. */
  private static Optional<String> fieldObjection(ControlCommand command) {
    CommandType type = command.getType();
    if (type == CommandType.UNKNOWN) {
      return Optional.of("this version does not know the command's type; upgrade the trainer");
    }
    boolean ofRelease = type == CommandType.PROMOTE || type == CommandType.CANARY;
    if (ofRelease != (command.getReleaseId() != null)) {
      return Optional.of(
          ofRelease
              ? type + " names no releaseId"
              : type + " names a releaseId, which belongs to PROMOTE and CANARY");
    }
    if (type != CommandType.CANARY && (command.getShare() != null || command.getImages() != null)) {
      return Optional.of(type + " names a share or images, which belong to CANARY");
    }
    if (command.getShare() != null && !(command.getShare() > 0 && command.getShare() <= 1)) {
      return Optional.of("share is " + command.getShare() + ", must be within (0, 1]");
    }
    if (command.getImages() != null && command.getImages() < 2) {
      return Optional.of("images is " + command.getImages() + ", must be at least 2");
    }
    if ((type == CommandType.SET_ALERT_RATE) != (command.getAlertRate() != null)) {
      return Optional.of(
          type == CommandType.SET_ALERT_RATE
              ? "SET_ALERT_RATE names no alertRate"
              : type + " names an alertRate, which belongs to SET_ALERT_RATE");
    }
    if (command.getAlertRate() != null
        && !(command.getAlertRate() > 0 && command.getAlertRate() < 1)) {
      return Optional.of("alertRate is " + command.getAlertRate() + ", must be within (0, 1)");
    }
    if (command.getMinutes() != null
        && !(command.getMinutes() > 0 && command.getMinutes() <= MAX_MINUTES)) {
      return Optional.of(
          "minutes is %s, must be above 0, at most %s"
              .formatted(command.getMinutes(), MAX_MINUTES));
    }
    return Optional.empty();
  }

  /** Who asked, as far as the command says, and why. */
  public static String by(ControlCommand command) {
    String who = command.getRequestedBy().isEmpty() ? "somebody" : command.getRequestedBy();
    return command.getReason().isEmpty() ? who : who + ": " + command.getReason();
  }
}
