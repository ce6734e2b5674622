package io.surprisal.handover;

import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.ReleaseAnnouncement;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes announcements from the records of their topic, in its order, and passes over what is not to
 * be believed: what is no announcement; and, where signatures are asked for, what is not sealed for
 * this place by a trusted key, and what was sealed before an announcement that was heard already,
 * so that nobody can bring back what was withdrawn. Not thread-safe.
 */
public final class AnnouncementReader {
  private static final Logger LOG = LoggerFactory.getLogger(AnnouncementReader.class);
  private static final RecordFormat<ReleaseAnnouncement> FORMAT =
      RecordFormat.of(ReleaseAnnouncement.class);

  /** Of each string, in characters: what repeats it fits its topic. */
  private static final int MAX_WORDS = 4096;

  private final Trust trust;
  private long highest;
  private boolean anySealed;

  /** Has heard nothing yet. */
  public AnnouncementReader(Trust trust) {
    this.trust = trust;
  }

  /** The announcement in a record; empty where none is, or it is not believed. */
  public Optional<ReleaseAnnouncement> read(ConsumerRecord<byte[], byte[]> record) {
    Optional<ReleaseAnnouncement> found = decode(record);
    if (found.isEmpty() || !trust.isLimited()) {
      return found;
    }
    OptionalLong number = Seal.ANNOUNCEMENT.number(record, trust.clusterId(), trust.keys());
    if (number.isEmpty()) {
      anySealed |= Seal.ANNOUNCEMENT.isKnown(record, trust.clusterId(), trust.keys());
      passOver(
          record,
          Seal.ANNOUNCEMENT.objection(record, trust.clusterId(), trust.keys()).orElseThrow()
              + "; trainers sign with --sign-with");
      return Optional.empty();
    }
    anySealed = true;
    if (number.getAsLong() <= highest) {
      passOver(record, "a later announcement was heard before it");
      return Optional.empty();
    }
    highest = number.getAsLong();
    return found;
  }

  /** The announcement in a record, whoever has written it; empty where there is none. */
  public static Optional<ReleaseAnnouncement> decode(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return Optional.empty(); // deleted
    }
    try {
      ReleaseAnnouncement found = FORMAT.decode(record.value());
      if (isBounded(found)) {
        return Optional.of(found);
      }
      passOver(record, "a text in it has more than " + MAX_WORDS + " characters");
    } catch (RecordFormatException e) {
      LOG.warn("The record {} of {} is no announcement", record.offset(), record.topic(), e);
    }
    return Optional.empty();
  }

  private static boolean isBounded(ReleaseAnnouncement found) {
    return isBounded(found.getReleaseId())
        && isBounded(found.getLocation())
        && isBounded(found.getSha256())
        && isBounded(found.getSignatureLocation())
        && isBounded(found.getParentReleaseId())
        && isBounded(found.getRunId())
        && isBounded(found.getReason())
        && isBounded(found.getAnnouncedBy())
        && isBounded(found.getFollowsReleaseId());
  }

  private static boolean isBounded(@Nullable String text) {
    return text == null || text.length() <= MAX_WORDS;
  }

  private static void passOver(ConsumerRecord<byte[], byte[]> record, String why) {
    LOG.warn(
        "The announcement in {} at {} is passed over: {}", record.topic(), record.offset(), why);
  }

  /** Number of the latest announcement that was believed; 0 before, and without signatures. */
  public long highest() {
    return highest;
  }

  /** Whether any announcement was signed for this place, believed or not. */
  public boolean hasHeardSealed() {
    return anySealed;
  }
}
