package io.surprisal.model.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.runtime.DeviceUnavailableException;
import io.surprisal.model.runtime.Devices;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigurationTest {

  @ParameterizedTest
  @CsvSource({
    "2, 8, 8, 8, 1, 4, 1e-5, 5, 0, -13, 5, channels",
    "1, 0, 8, 8, 1, 4, 1e-5, 5, 0, -13, 5, height",
    "1, 8, 4097, 8, 1, 4, 1e-5, 5, 0, -13, 5, width",
    "1, 8, 8, 9, 1, 3, 1e-5, 5, 0, -13, 5, embedding",
    "1, 8, 8, 8, 1, 3, 1e-5, 5, 0, -13, 5, embedding",
    "1, 8, 8, 2, 1, 1, 1e-5, 5, 0, -13, 5, embedding",
    "1, 8, 8, 8, 0, 4, 1e-5, 5, 0, -13, 5, blocks",
    "1, 8, 8, 8, 1, 0, 1e-5, 5, 0, -13, 5, groups",
    "1, 8, 8, 8, 1, 4, 0, 5, 0, -13, 5, normEpsilon",
    "1, 8, 8, 8, 1, 4, NaN, 5, 0, -13, 5, normEpsilon",
    "1, 8, 8, 8, 1, 4, 1e-5, 17, 0, -13, 5, fourierExponents",
    "1, 8, 8, 8, 1, 4, 1e-5, 5, 1, -13, 5, dropout",
    "1, 8, 8, 8, 1, 4, 1e-5, 5, 0, 5, 5, gammaMin",
    "1, 8, 8, 8, 1, 4, 1e-5, 5, 0, -Infinity, 5, gammaMin"
  })
  void shouldNameWhatIsWrong(
      int channels,
      int height,
      int width,
      int embedding,
      int blocks,
      int groups,
      double normEpsilon,
      int exponent,
      double dropout,
      double gammaMin,
      double gammaMax,
      String named) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new ModelConfiguration(
                    channels,
                    height,
                    width,
                    embedding,
                    blocks,
                    groups,
                    normEpsilon,
                    List.of(exponent),
                    dropout,
                    gammaMin,
                    gammaMax,
                    Schedule.FIXED_LINEAR))
        .withMessageContaining("model configuration: " + named);
  }

  @Test
  void shouldChooseDevicesByName() throws Exception {
    assertThat(Devices.select("cpu")).isEqualTo(Device.cpu());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Devices.select("gpu"))
        .withMessageContaining("auto, cpu, cuda or cuda:N");
    assertThatThrownBy(() -> Devices.select("cuda:999"))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("use --device auto or cpu");
  }
}
