package io.surprisal.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReleaseChunksTest {
  private static final String TOPIC = "surprisal.release-chunks";
  private static final String ID = "0123456789abcdef".repeat(4);
  private static final String OTHER = "f".repeat(64);

  private static byte[] file(int bytes) {
    byte[] file = new byte[bytes];
    new Random(bytes).nextBytes(file);
    return file;
  }

  /** A topic that holds these records, from its offset 0 on. */
  private static MockConsumer<byte[], byte[]> topic(List<ProducerRecord<byte[], byte[]>> records) {
    TopicPartition partition = new TopicPartition(TOPIC, 0);
    MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
    consumer.assign(List.of(partition));
    consumer.updateBeginningOffsets(Map.of(partition, 0L));
    consumer.updateEndOffsets(Map.of(partition, (long) records.size()));
    for (int i = 0; i < records.size(); i++) {
      consumer.addRecord(
          new ConsumerRecord<>(TOPIC, 0, i, records.get(i).key(), records.get(i).value()));
    }
    return consumer;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, ReleaseChunks.CHUNK_BYTES, 2 * ReleaseChunks.CHUNK_BYTES + 1})
  void shouldGiveTheFileBack(int bytes) throws Exception {
    byte[] file = file(bytes);
    List<ProducerRecord<byte[], byte[]>> records = ReleaseChunks.records(TOPIC, ID, file);

    byte[] read =
        ReleaseChunks.read(
            topic(records), new ReleaseChunks.Location(TOPIC, 0, ID, records.size()), file.length);

    assertThat(records)
        .hasSize((bytes + ReleaseChunks.CHUNK_BYTES - 1) / ReleaseChunks.CHUNK_BYTES);
    assertThat(read).isEqualTo(file);
  }

  @Test
  void shouldNotTakeThePiecesOfAnotherFile() {
    List<ProducerRecord<byte[], byte[]>> records = ReleaseChunks.records(TOPIC, OTHER, file(100));

    assertThatIOException()
        .isThrownBy(
            () ->
                ReleaseChunks.read(
                    topic(records), new ReleaseChunks.Location(TOPIC, 0, ID, 1), 100))
        .withMessageContaining("0 of 1 chunks");
  }

  @Test
  void shouldSayWhichPartOfADeletedFileIsMissing() {
    List<ProducerRecord<byte[], byte[]>> deletions =
        ReleaseChunks.deletions(new ReleaseChunks.Location(TOPIC, 0, ID, 2));

    assertThat(deletions).allSatisfy(deletion -> assertThat(deletion.value()).isNull());
    assertThatIOException()
        .isThrownBy(
            () ->
                ReleaseChunks.read(
                    topic(deletions), new ReleaseChunks.Location(TOPIC, 0, ID, 2), 100));
  }

  @Test
  void shouldNotReadMoreThanWasAnnounced() {
    List<ProducerRecord<byte[], byte[]>> records = ReleaseChunks.records(TOPIC, ID, file(100));

    assertThatIOException()
        .isThrownBy(
            () ->
                ReleaseChunks.read(
                    topic(records), new ReleaseChunks.Location(TOPIC, 0, ID, 1), 99));
  }

  @Test
  void shouldWriteAndReadLocations() {
    ReleaseChunks.Location location = new ReleaseChunks.Location(TOPIC, 17, ID, 3);

    assertThat(ReleaseChunks.Location.is(location.toString())).isTrue();
    assertThat(ReleaseChunks.Location.is("file:///a")).isFalse();
    assertThat(ReleaseChunks.Location.parse(location.toString())).isEqualTo(location);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReleaseChunks.Location.parse("kafka://" + TOPIC + "/x/" + ID + "/1"));
  }
}
