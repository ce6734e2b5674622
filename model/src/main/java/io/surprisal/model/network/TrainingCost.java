package io.surprisal.model.network;

import io.surprisal.model.network.ModelConfiguration.Level;
import java.util.List;

/** What the backward pass of one image keeps in memory. */
public final class TrainingCost {
  /**
   * Hidden layers that a block keeps: norm, activation and sum, twice, dropout's and the output.
   */
  private static final int KEPT_BY_BLOCK = 9;

  /** More in a block on the way up: the doubled input, its norm, its activation. */
  private static final int KEPT_BY_SKIP = 5;

  /** Norm, queries, keys, values, their result and the sum. */
  private static final int KEPT_BY_ATTENTION = 8;

  private TrainingCost() {}

  /** An estimate by counting layers, bytes: all activations in float32. */
  public static double bytes(ModelConfiguration configuration) {
    double values = 0;
    List<Level> levels = configuration.levels();
    for (int i = 0; i < levels.size(); i++) {
      double layer =
          (double) levels.get(i).width()
              * (configuration.height() >> i)
              * (configuration.width() >> i);
      int blocks = 2 * levels.get(i).blocks() + 1;
      int middle = i == levels.size() - 1 ? 2 : 0;
      int attentions = (configuration.attentionEverywhere() ? blocks : 0) + (middle > 0 ? 1 : 0);
      values +=
          layer
              * ((blocks + middle) * KEPT_BY_BLOCK
                  + (levels.get(i).blocks() + 1) * KEPT_BY_SKIP
                  + attentions * KEPT_BY_ATTENTION);
    }
    return values * Float.BYTES;
  }
}
