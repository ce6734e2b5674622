package io.surprisal.model.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.training.FitConfiguration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InitialParametersTest {

  @ParameterizedTest
  @EnumSource
  void shouldDrawTheSchedulesPartAsInTheWhole(ModelConfiguration.Schedule schedule) {
    ModelConfiguration model =
        FitConfiguration.named("small")
            .with(Map.of("schedule", schedule.name()))
            .model(new ImageShape(1, 8, 8));
    float[] whole = InitialParameters.draw(model, 3);

    assertThat(InitialParameters.drawSchedule(model, 3))
        .isEqualTo(Arrays.copyOf(whole, ParameterLayout.of(model).scheduleSize()));
  }
}
