package io.surprisal.model.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.FourierOrder;
import io.surprisal.model.network.ModelConfiguration.Prediction;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.Safetensors;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForeignLayoutTest {
  private static final int E = 8;
  private static final int BLOCKS = 2;

  private static ModelConfiguration configuration(
      Origin origin, boolean attentionEverywhere, double dropout, Schedule schedule) {
    return new ModelConfiguration(
        3,
        4,
        5,
        E,
        BLOCKS,
        List.of(),
        1,
        attentionEverywhere,
        4,
        1e-5,
        List.of(5),
        FourierOrder.FREQUENCY_MAJOR,
        origin == Origin.VDM_FLAX,
        Prediction.EPSILON,
        dropout,
        -10,
        5,
        schedule);
  }

  /** Numbers that tell every place of the flat vector from every other. */
  private static float[] counted(ModelConfiguration configuration) {
    float[] flat = new float[ParameterLayout.of(configuration).size()];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = i;
    }
    return flat;
  }

  private static int offset(ModelConfiguration configuration, String name) {
    return ParameterLayout.of(configuration).entries().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow()
        .offset();
  }

  @ParameterizedTest
  @CsvSource({
    "VDM_PYTORCH, false, 0, FIXED_LINEAR",
    "VDM_PYTORCH, true, 0.1, LEARNED_SCALAR",
    "VDM_PYTORCH, true, 0, LEARNED_MONOTONE_FREE",
    "VDM_FLAX, false, 0.1, FIXED_LINEAR",
    "VDM_FLAX, true, 0, LEARNED_SCALAR",
    "VDM_FLAX, true, 0.1, LEARNED_MONOTONE_FREE",
  })
  void shouldGiveEveryParameterBack(
      Origin origin, boolean attentionEverywhere, double dropout, Schedule schedule)
      throws ReleaseException {
    ModelConfiguration configuration =
        configuration(origin, attentionEverywhere, dropout, schedule);
    float[] flat = counted(configuration);
    ForeignLayout layout = ForeignLayout.of(origin, configuration);

    assertThat(layout.join("state", layout.split(flat))).isEqualTo(flat);
  }

  @Test
  void shouldNameAttentionInEveryBlockAndTheLayerAfterADropout() {
    ModelConfiguration pytorch =
        configuration(Origin.VDM_PYTORCH, true, 0.1, Schedule.FIXED_LINEAR);
    ModelConfiguration flax = configuration(Origin.VDM_FLAX, true, 0.1, Schedule.FIXED_LINEAR);

    assertThat(names(Origin.VDM_PYTORCH, pytorch))
        .contains(
            "model.down_blocks.1.attention_block.layers.0.weight",
            "model.up_blocks.2.attention_block.layers.1.bias",
            "model.mid_attn_block.layers.3.weight",
            "model.down_blocks.0.resnet_block.net2.3.weight")
        .doesNotContain("model.down_blocks.0.resnet_block.net2.2.weight");
    assertThat(names(Origin.VDM_FLAX, flax))
        .contains(
            "score_model/down.attn_1/q/kernel",
            "score_model/up.attn_2/GroupNorm_0/scale",
            "score_model/mid.attn_1/proj_out/bias");
  }

  private static List<String> names(Origin origin, ModelConfiguration configuration) {
    ForeignLayout layout = ForeignLayout.of(origin, configuration);
    return List.copyOf(layout.split(counted(configuration)).keySet());
  }

  /** Kernels (height, width, in, out) and (in, out) against (out, in, height, width). */
  @Test
  void shouldMoveTheAxesOfFlax() {
    ModelConfiguration c = configuration(Origin.VDM_FLAX, false, 0, Schedule.LEARNED_SCALAR);
    Map<String, Safetensors.Tensor> split = ForeignLayout.of(Origin.VDM_FLAX, c).split(counted(c));

    int inputs = 9;
    Safetensors.Tensor first = split.get("score_model/conv_in/kernel");
    assertThat(first.shape()).containsExactly(3, 3, inputs, E);
    int height = 2;
    int width = 1;
    int in = 4;
    int out = 6;
    assertThat(first.values()[((height * 3 + width) * inputs + in) * E + out])
        .isEqualTo(
            offset(c, "network.first.weight") + ((out * inputs + in) * 3 + height) * 3 + width);

    Safetensors.Tensor condition = split.get("score_model/dense0/kernel");
    assertThat(condition.shape()).containsExactly(E + 1, 4 * E);
    assertThat(condition.values()[8 * 4 * E + 7])
        .isEqualTo(offset(c, "network.condition.0.weight") + 7 * (E + 1) + 8);

    Safetensors.Tensor value = split.get("score_model/mid.attn_1/v/kernel");
    assertThat(value.shape()).containsExactly(E, E);
    assertThat(value.values()[3 * E + 5])
        .isEqualTo(offset(c, "network.attention.qkv.weight") + (2 * E + 5) * E + 3);
    assertThat(split.get("score_model/mid.attn_1/k/bias").values()[1])
        .isEqualTo(offset(c, "network.attention.qkv.bias") + E + 1);
  }

  @Test
  void shouldTakeASingleNumberWithOrWithoutAxes() throws ReleaseException {
    ModelConfiguration c = configuration(Origin.VDM_PYTORCH, false, 0, Schedule.LEARNED_SCALAR);
    ForeignLayout layout = ForeignLayout.of(Origin.VDM_PYTORCH, c);
    Map<String, Safetensors.Tensor> tensors = layout.split(counted(c));
    assertThat(tensors.get("gamma.w").shape()).isEmpty();

    tensors.put("gamma.w", new Safetensors.Tensor(List.of(1), new float[] {-7}));

    assertThat(layout.join("state", tensors)[offset(c, "schedule.w")]).isEqualTo(-7);
  }

  @Test
  void shouldRefuseAScheduleThatAnImplementationLacks() {
    ModelConfiguration c = configuration(Origin.VDM_FLAX, false, 0, Schedule.LEARNED_MONOTONE);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> ForeignLayout.of(Origin.VDM_FLAX, c))
        .withMessageContaining("LEARNED_MONOTONE");
  }
}
