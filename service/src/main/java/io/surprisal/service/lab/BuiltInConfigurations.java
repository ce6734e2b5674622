package io.surprisal.service.lab;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.network.ForwardCost;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Table;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What {@code fit --list} shows: the built-in configurations, with their cost for grey images of
 * 28×28.
 */
final class BuiltInConfigurations {
  private BuiltInConfigurations() {}

  /** One line of {@code --list}. */
  private record Listed(
      String name, int parameters, double megaflopsPerEvaluation, FitConfiguration configuration) {}

  /** Prints them. */
  static void print(Output output) {
    List<Listed> listed =
        FitConfiguration.names().stream()
            .map(
                name -> {
                  FitConfiguration fit = FitConfiguration.named(name);
                  ModelConfiguration model = fit.model(new ImageShape(1, 28, 28));
                  return new Listed(
                      name, ParameterLayout.of(model).size(), ForwardCost.flops(model) * 1e-6, fit);
                })
            .toList();
    Table table =
        new Table("name", "width", "blocks", "coarser", "parameters", "MFLOP/evaluation", "batch");
    listed.forEach(
        l ->
            table.row(
                l.name(),
                l.configuration().network().embedding(),
                l.configuration().network().blocks(),
                l.configuration().network().coarse().stream()
                    .map(level -> level.width() + " × " + level.blocks())
                    .collect(Collectors.joining(", ")),
                l.parameters(),
                l.megaflopsPerEvaluation(),
                l.configuration().step().batch()));
    output.print(listed, table);
  }
}
