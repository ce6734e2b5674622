package io.surprisal.model.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How near two implementations are to each other, judged and kept for a reader. */
final class ParityReport {
  private final List<String> lines = new ArrayList<>();

  /** Judges one deviation. */
  void judge(String id, String what, double deviation, double tolerance) {
    lines.add(String.format(Locale.ROOT, "%s: %s: %.2e of %.2e", id, what, deviation, tolerance));
    assertThat(deviation).as("%s: deviation of %s", id, what).isLessThanOrEqualTo(tolerance);
  }

  /** Judges the largest difference of two arrays, each element against its own tolerance. */
  void judge(
      String id,
      String what,
      double[] actual,
      double[] expected,
      double relative,
      double absolute) {
    assertThat(actual).as("%s: %s", id, what).hasSameSizeAs(expected);
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      double difference = Math.abs(actual[i] - expected[i]);
      double tolerance = relative * Math.abs(expected[i]) + absolute;
      assertThat(difference)
          .as("%s: %s [%d]: %s, must be %s", id, what, i, actual[i], expected[i])
          .isLessThanOrEqualTo(tolerance);
      worst = Math.max(worst, difference == 0 ? 0 : difference / tolerance);
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "%s: %s: %.3f of the tolerance %.0e · value + %.0e",
            id,
            what,
            worst,
            relative,
            absolute));
  }

  void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.write(file, lines);
  }

  /** Largest difference of two arrays. */
  static double largest(double[] actual, double[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double largest = 0;
    for (int i = 0; i < actual.length; i++) {
      double difference = Math.abs(actual[i] - expected[i]);
      largest = difference <= largest ? largest : difference; // NaN counts as largest
    }
    return largest;
  }

  /** Euclidean distance of two vectors. */
  static double distance(float[] a, float[] b) {
    assertThat(a).hasSameSizeAs(b);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.pow((double) a[i] - b[i], 2);
    }
    return Math.sqrt(sum);
  }

  static double norm(float[] a) {
    return distance(a, new float[a.length]);
  }

  static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
