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
    double products = 0;
    int halvings = 0;
    for (ParameterLayout.Entry entry : ParameterLayout.of(configuration).entries()) {
      String name = entry.name();
      List<Integer> shape = entry.shape();
      halvings += name.matches("network\\.coarser\\.\\d+\\.weight") ? 1 : 0;
      double pixels =
          (double) (configuration.height() >> halvings) * (configuration.width() >> halvings);
      if (name.startsWith("network.") && shape.size() > 1) {
        products += entry.size() * (shape.size() == 4 ? pixels : 1);
      }
      if (name.endsWith(".qkv.weight")) {
        products += 2 * shape.get(1) * pixels * pixels;
      }
      halvings -= name.matches("network\\.finer\\.\\d+\\.bias") ? 1 : 0;
    }
    return 2 * products;
  }
}
