package io.surprisal.model.network;

import java.util.List;

/** What one evaluation of the network costs. */
public final class ForwardCost {
  private ForwardCost() {}

  /**
   * Floating-point operations of one image's forward pass, a multiplication and an addition counted
   * as two: convolutions, dense layers and the products of the attentions.
   */
  public static double flops(ModelConfiguration configuration) {
    double pixels = (double) configuration.height() * configuration.width();
    double products = 0;
    int attentions = 0;
    for (ParameterLayout.Entry entry : ParameterLayout.of(configuration).entries()) {
      List<Integer> shape = entry.shape();
      if (entry.name().startsWith("network.") && shape.size() > 1) {
        products += entry.size() * (shape.size() == 4 ? pixels : 1);
      }
      attentions += entry.name().endsWith(".qkv.weight") ? 1 : 0;
    }
    return 2 * (products + attentions * 2 * configuration.embedding() * pixels * pixels);
  }
}
