package io.surprisal.handover;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Release files in a topic, for clusters whose trainer and scorers share no disk: pieces of at most
 * {@value #CHUNK_BYTES} bytes under the keys {@code ID/0}, {@code ID/1}, …, in one transaction and
 * one partition. The topic is compacted, so that a piece stays until its key gets a record without
 * value.
 */
public final class ReleaseChunks {

  /** What fits a topic's default limit of 1 MiB with key and overhead. */
  public static final int CHUNK_BYTES = 900 << 10;

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Pattern LOCATION = Pattern.compile("/(\\d+)/([0-9a-f]{64})/(\\d+)");
  private static final String SCHEME = "kafka";

  private ReleaseChunks() {}

  /**
   * Where a file lies: {@code kafka://TOPIC/FIRST-OFFSET/ID/CHUNKS}.
   *
   * @param topic partition 0 of it
   * @param first offset of the first chunk, or one before it
   * @param id of the release
   * @param chunks number of them
   */
  public record Location(String topic, long first, String id, int chunks) {

    /** Whether a location is of this kind. */
    public static boolean is(String location) {
      return location.startsWith(SCHEME + "://");
    }

    /**
     * Reads a location.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Location parse(String location) {
      URI uri = URI.create(location);
      Matcher path = LOCATION.matcher(String.valueOf(uri.getPath()));
      if (!SCHEME.equals(uri.getScheme()) || uri.getAuthority() == null || !path.matches()) {
        throw new IllegalArgumentException("'" + location + "' is no place of release chunks");
      }
      return new Location(
          uri.getAuthority(),
          Long.parseLong(path.group(1)),
          path.group(2),
          Integer.parseInt(path.group(3)));
    }

    @Override
    public String toString() {
      return SCHEME + "://" + topic + "/" + first + "/" + id + "/" + chunks;
    }
  }

  /** The records of a file; to be sent in one transaction, in this order. */
  public static List<ProducerRecord<byte[], byte[]>> records(String topic, String id, byte[] file) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int from = 0; from < file.length; from += CHUNK_BYTES) {
      byte[] chunk = Arrays.copyOfRange(file, from, Math.min(file.length, from + CHUNK_BYTES));
      records.add(new ProducerRecord<>(topic, 0, key(id, records.size()), chunk));
    }
    return records;
  }

  /** The records that delete a file. */
  public static List<ProducerRecord<byte[], byte[]>> deletions(Location location) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int i = 0; i < location.chunks(); i++) {
      records.add(new ProducerRecord<>(location.topic(), 0, key(location.id(), i), null));
    }
    return records;
  }

  private static byte[] key(String id, int chunk) {
    return (id + "/" + chunk).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a file. Whoever calls checks what it is.
   *
   * @param consumer that sees committed records only; its assignment is changed
   * @param bytes of the file, at most {@link Integer#MAX_VALUE}
   * @throws IOException if chunks are missing, or the file has another length
   */
  public static byte[] read(Consumer<byte[], byte[]> consumer, Location location, long bytes)
      throws IOException {
    TopicPartition partition = new TopicPartition(location.topic(), 0);
    consumer.assign(List.of(partition));
    long end = Objects.requireNonNull(consumer.endOffsets(List.of(partition)).get(partition));
    long start =
        Objects.requireNonNull(consumer.beginningOffsets(List.of(partition)).get(partition));
    consumer.seek(partition, Math.max(start, Math.min(location.first(), end)));
    byte[] file = new byte[Math.toIntExact(bytes)];
    int length = 0;
    int read = 0;
    while (read < location.chunks() && consumer.position(partition) < end) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        boolean next =
            read < location.chunks()
                && record.value() != null
                && Arrays.equals(record.key(), key(location.id(), read));
        if (next) {
          if (record.value().length > file.length - length) {
            throw new IOException(
                "release " + location.id() + " is longer than the " + bytes + " bytes announced");
          }
          System.arraycopy(record.value(), 0, file, length, record.value().length);
          length += record.value().length;
          read++;
        }
      }
    }
    if (read < location.chunks()) {
      throw new IOException(
          "release %s has %d of %d chunks in %s"
              .formatted(location.id(), read, location.chunks(), location.topic()));
    }
    if (length < file.length) {
      throw new IOException(
          "release " + location.id() + " is shorter than the " + bytes + " bytes announced");
    }
    return file;
  }
}
