package io.surprisal.topology.pending;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;

class PendingRangeTest {

  @Test
  void shouldComeBackFromTwentyBytes() {
    PendingRange range = new PendingRange(1L << 40, (1L << 40) + 700, 512);
    try (var serde = PendingRange.serde()) {
      byte[] bytes = serde.serializer().serialize("topic", range);

      assertThat(bytes).hasSize(20);
      assertThat(serde.deserializer().deserialize("topic", bytes)).isEqualTo(range);
      assertThat(serde.serializer().serialize("topic", null)).isNull();
      assertThatThrownBy(() -> serde.deserializer().deserialize("topic", new byte[16]))
          .isInstanceOf(SerializationException.class)
          .hasMessageContaining("20 bytes, not 16");
    }
  }

  @Test
  void shouldRefuseMoreImagesThanOffsets() {
    assertThatThrownBy(() -> new PendingRange(10, 12, 4))
        .hasMessage("4 images cannot lie at offsets 10 to 12");
    assertThatThrownBy(() -> new PendingRange(10, 12, 0)).hasMessageContaining("0 images");
    assertThatThrownBy(() -> new PendingRange(10, 9, 1)).hasMessageContaining("10 to 9");
  }
}
