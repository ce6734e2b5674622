package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.surprisal.model.TinyModels;
import io.surprisal.model.runtime.Precision;
import org.junit.jupiter.api.Test;

class PrecisionMeasurementTest {

  @Test
  void shouldTakeBfloat16OnlyWhereItPays() {
    assertThat(new PrecisionMeasurement(2, 1).choice()).isEqualTo(Precision.BFLOAT16);
    assertThat(new PrecisionMeasurement(1, 0.95).choice()).isEqualTo(Precision.FLOAT32);
    assertThat(new PrecisionMeasurement(1, 2).choice()).isEqualTo(Precision.FLOAT32);
  }

  @Test
  void shouldTimeBothPrecisionsOnThisMachine() {
    PrecisionMeasurement measured = PrecisionMeasurement.of(TinyModels.grey(), Device.cpu());

    assertThat(measured.float32Millis()).isPositive().isFinite();
    assertThat(measured.bfloat16Millis()).isPositive().isFinite();
  }
}
