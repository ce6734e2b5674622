package io.surprisal.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** A partition of records 0 to 4, of which one may take more memory than there is. */
class SurvivingConsumerTest {
  private static final TopicPartition PARTITION = new TopicPartition("images", 0);
  private final OutOfMemoryError thrown = new OutOfMemoryError("Java heap space");

  private final AtomicInteger opened = new AtomicInteger();

  /** Gives out a record at a time, and fails at one. */
  private static final class Probe extends MockConsumer<byte[], byte[]> {
    private final long huge;

    Probe(long huge) {
      super("none");
      this.huge = huge;
      setMaxPollRecords(1);
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      if (position(PARTITION) == huge) {
        throw new OutOfMemoryError("Java heap space");
      }
      long at = position(PARTITION);
      if (at < 5) {
        addRecord(new ConsumerRecord<>("images", 0, at, null, new byte[] {(byte) at}));
      }
      return super.poll(timeout);
    }
  }

  private Consumer<byte[], byte[]> probe(long huge) {
    opened.incrementAndGet();
    Probe probe = new Probe(huge);
    probe.updateBeginningOffsets(Map.of(PARTITION, 0L));
    probe.updateEndOffsets(Map.of(PARTITION, 5L));
    return probe;
  }

  private static MockConsumer<byte[], byte[]> at(long position) {
    MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
    consumer.assign(List.of(PARTITION));
    consumer.seek(PARTITION, position);
    return consumer;
  }

  @Test
  void shouldGiveOutWhatLiesBeforeAHugeRecordAndAStandInForIt() {
    MockConsumer<byte[], byte[]> consumer = at(1);

    List<ConsumerRecord<byte[], byte[]>> records =
        SurvivingConsumer.instead(consumer, () -> probe(3), thrown).records(PARTITION);

    assertThat(records).extracting(ConsumerRecord::offset).containsExactly(1L, 2L, 3L);
    assertThat(records.get(1).value()).containsExactly(2);
    assertThat(records.get(2).value()).isNull();
    assertThat(records.get(2).headers().lastHeader(SurvivingConsumer.UNREADABLE)).isNotNull();
    assertThat(consumer.position(PARTITION)).as("it goes on behind it").isEqualTo(4);
  }

  @Test
  void shouldNotTakeAMomentWithoutMemoryForAHugeRecord() {
    MockConsumer<byte[], byte[]> consumer = at(1);

    assertThatThrownBy(
            () ->
                SurvivingConsumer.instead(
                    consumer, () -> probe(opened.get() == 0 ? 3 : -1), thrown))
        .isSameAs(thrown);
    assertThat(consumer.position(PARTITION)).isEqualTo(1);
  }

  @Test
  void shouldThrowWhatWasThrownWhereNoRecordIsHuge() {
    assertThatThrownBy(() -> SurvivingConsumer.instead(at(0), () -> probe(-1), thrown))
        .isSameAs(thrown);
  }
}
