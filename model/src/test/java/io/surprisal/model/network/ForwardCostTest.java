package io.surprisal.model.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.TinyModels;
import java.util.List;
import org.junit.jupiter.api.Test;

class ForwardCostTest {

  @Test
  void shouldCountEveryProduct() {
    // E = 8, n = 1, 4 pixels, no Fourier features
    ModelConfiguration configuration =
        TinyModels.configuration(1, 2, 2, List.of(), ModelConfiguration.Schedule.FIXED_LINEAR);
    int dense = 32 * 8 + 32 * 32 + 5 * 32 * 8; // the time embedding, and its use in five blocks
    int conv3 = 9 * 8 * (1 + 3 * 2 * 8 + 2 * (16 + 8) + 1); // first, 3 blocks, 2 up, last
    int conv1 = 8 * 24 + 8 * 8 + 2 * 16 * 8; // attention and shortcuts
    int attention = 2 * 8 * 4 * 4;
    assertThat(ForwardCost.flops(configuration))
        .isEqualTo(2.0 * (dense + 4 * (conv3 + conv1) + attention));
  }
}
