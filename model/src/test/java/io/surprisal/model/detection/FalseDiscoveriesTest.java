package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FalseDiscoveriesTest {

  /** The fifteen p-values of Benjamini and Hochberg's example (1995, section 3.2), at 5 %. */
  @Test
  void shouldRejectAsInTheExampleOfThePaper() {
    double[] pValues = {
      0.0459, 0.3240, 0.0001, 0.0278, 0.4262, 0.0004, 0.0019, 0.5719, 0.0095, 0.0201, 0.6528,
      0.0298, 0.0344, 0.7590, 1.0000
    };

    assertThat(FalseDiscoveries.among(pValues, 0.05)).containsExactly(2, 5, 6, 8);
  }

  @Test
  void shouldCallNothingAnomalousWhereNothingIs() {
    assertThat(FalseDiscoveries.among(new double[] {0.2, 0.5, 0.9}, 0.1)).isEmpty();
    assertThat(FalseDiscoveries.among(new double[0], 0.1)).isEmpty();
  }

  /**
   * 400 windows of 1,000 images, 50 of them anomalous, 2,000 of calibration: q (m₀ / m) = 9.5 % of
   * what is called anomalous is normal; its mean over so many windows is within 1.5 % of that.
   */
  @Test
  void shouldKeepTheShareOfNormalOnes() {
    Random random = new Random(3);
    double shares = 0;
    int windows = 400;
    for (int window = 0; window < windows; window++) {
      double[] calibration = random.doubles(2000).sorted().toArray();
      double[] pValues = new double[1000];
      for (int i = 0; i < pValues.length; i++) {
        double statistic = i < 50 ? 1 + random.nextDouble() : random.nextDouble();
        int below = Arrays.binarySearch(calibration, statistic);
        int above = calibration.length - (below < 0 ? -below - 1 : below);
        pValues[i] = (1.0 + above) / (calibration.length + 1);
      }
      int[] called = FalseDiscoveries.among(pValues, 0.1);
      long normal = Arrays.stream(called).filter(i -> i >= 50).count();
      shares += called.length == 0 ? 0 : (double) normal / called.length;
    }

    assertThat(shares / windows).isBetween(0.08, 0.11);
  }

  @Test
  void shouldRefuseWhatIsNoRate() {
    assertThatThrownBy(() -> FalseDiscoveries.among(new double[] {0.1}, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be in (0, 1)");
  }
}
