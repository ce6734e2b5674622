package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;

class ObservationTest {

  private static Observation observation(boolean alert, boolean repaired, boolean dead) {
    byte[] samples = new byte[FrameLook.SAMPLES];
    new Random(1).nextBytes(samples);
    return new Observation(
        7,
        -5,
        1L << 40,
        alert,
        repaired,
        dead ? Optional.empty() : Optional.of(new FrameLook(-3, samples, 1.5f, 2.5f, 3.5f)));
  }

  @Test
  void shouldComeBackFromItsBytesWhichAreFew() {
    for (int flags = 0; flags < 8; flags++) {
      Observation sent = observation((flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0);

      assertThat(Observation.decode(sent.encode())).isEqualTo(sent);
      assertThat(sent.encode().length).isLessThan(128);
    }
  }

  @Test
  void shouldRefuseOtherBytes() {
    byte[] bytes = observation(false, false, false).encode();
    byte[] later = bytes.clone();
    later[0] = 2;

    assertThatThrownBy(() -> Observation.decode(later))
        .isInstanceOf(SerializationException.class)
        .hasMessageContaining("version 2")
        .hasMessageContaining("upgrade");
    assertThatThrownBy(() -> Observation.decode(Arrays.copyOf(bytes, bytes.length - 1)))
        .isInstanceOf(SerializationException.class);
  }
}
