package io.surprisal.service.lab;

import io.surprisal.model.evaluation.Separation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What {@code detect --plot} draws of a pair: a curve a measure. */
final class DetectionPanels {
  /** More points than a panel has pixels show nothing more. */
  private static final int MOST_POINTS = 720;

  private static final String Y_AXIS = "share of the anomalous images caught";

  private DetectionPanels() {}

  static Panel roc(
      String name, ScoredSet normal, ScoredSet anomalous, List<DetectionMeasure> measures) {
    List<Panel.Curve> curves = new ArrayList<>();
    for (DetectionMeasure measure : measures) {
      double[] usual = normal.values(measure);
      double[] others = anomalous.values(measure);
      double[][] curve = thinned(Separation.curve(usual, others));
      curves.add(
          new Panel.Curve(
              String.format(
                  Locale.ROOT, "%s %.3f", measure.title(), Separation.auroc(usual, others)),
              Y_AXIS,
              Panel.Style.LINE,
              curve[0],
              curve[1]));
    }
    return new Panel(name, "share of the normal images that alert", curves, "");
  }

  private static double[][] thinned(double[][] curve) {
    int n = curve[0].length;
    if (n <= MOST_POINTS) {
      return curve;
    }
    int[] kept =
        IntStream.range(0, MOST_POINTS)
            .map(i -> (int) ((long) i * (n - 1) / (MOST_POINTS - 1)))
            .toArray();
    return new double[][] {
      IntStream.of(kept).mapToDouble(i -> curve[0][i]).toArray(),
      IntStream.of(kept).mapToDouble(i -> curve[1][i]).toArray()
    };
  }
}
