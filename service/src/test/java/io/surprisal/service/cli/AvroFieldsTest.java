package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.SurpriseMap;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class AvroFieldsTest {

  @Test
  void shouldWriteBytesAsBase64AndLeaveThemUnread() {
    ByteBuffer values = ByteBuffer.wrap(new byte[] {0, (byte) 255, 16});

    assertThat(AvroFields.of(new SurpriseMap(1, 3, 2.5, values)))
        .containsEntry("values", "AP8Q")
        .containsEntry("scale", 2.5);
    assertThat(values.remaining()).isEqualTo(3);
  }
}
