package io.surprisal.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageSizeLimitTest {

  @Test
  void shouldTakePhotosUnlessConfigured() {
    assertThat(ImageSizeLimit.DEFAULT.imageBytes()).isEqualTo(8 * 1024 * 1024);
  }

  @Test
  void shouldLeaveRoomForTheLargestEnvelope() {
    ImageSizeLimit limit = new ImageSizeLimit(1000);
    byte[] record =
        RecordFormat.of(ImageEvent.class)
            .encode(
                new ImageEvent(
                    "i".repeat(1 << 10),
                    "s".repeat(1 << 10),
                    Instant.EPOCH,
                    BodyFormat.JPEG,
                    8192,
                    8192,
                    ByteBuffer.wrap(new byte[1000])));
    int key = 64 << 10;

    assertThat(ImageSizeLimit.RECORD_OVERHEAD_BYTES + key + record.length)
        .isLessThan(limit.recordBytes() - (32 << 10)); // which is left for headers
    assertThat(limit.deadLetterBytes()).isGreaterThan(limit.recordBytes());
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, ImageSizeLimit.MOST_BYTES + 1, Integer.MAX_VALUE})
  void shouldRefuseWhatNoBrokerTakes(int bytes) {
    assertThatThrownBy(() -> new ImageSizeLimit(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(String.valueOf(bytes))
        .hasMessageContaining("67108864");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1 << 20, ImageSizeLimit.DEFAULT_BYTES, ImageSizeLimit.MOST_BYTES})
  void shouldLetAProducerSendWhatATopicTakes(int imageBytes) {
    int limit = new ImageSizeLimit(imageBytes).deadLetterBytes();
    Map<String, Object> settings = ImageSizeLimit.producer(limit);

    assertThat((int) settings.get("max.request.size")).isGreaterThanOrEqualTo(limit);
    assertThat((long) settings.get("buffer.memory")).isGreaterThanOrEqualTo(limit);
  }
}
