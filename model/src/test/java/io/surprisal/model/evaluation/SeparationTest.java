package io.surprisal.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SeparationTest {
  private static final Bootstrap BOOTSTRAP = Bootstrap.seeded(1);

  /** Numbers of few different values, so that ties are the rule. */
  @Property(tries = 300, seed = "1")
  void shouldCountPairsAsBruteForceDoes(
      @ForAll @Size(min = 1, max = 20) List<@IntRange(max = 6) Integer> normal,
      @ForAll @Size(min = 1, max = 20) List<@IntRange(max = 6) Integer> anomalous) {
    double larger = 0;
    for (int a : anomalous) {
      for (int n : normal) {
        larger += a > n ? 1 : a == n ? 0.5 : 0;
      }
    }
    assertThat(Separation.auroc(array(normal), array(anomalous)))
        .isCloseTo(larger / normal.size() / anomalous.size(), within(1e-12));
  }

  /** A threshold among the values themselves does whatever one can do. */
  @Property(tries = 300, seed = "2")
  void shouldFindTheThresholdsThatBruteForceFinds(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 12) Integer> normal,
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 12) Integer> anomalous) {
    double least = 1;
    double most = 0;
    for (int threshold = 0; threshold <= 13; threshold++) {
      int t = threshold;
      double caught = anomalous.stream().filter(v -> v >= t).count() / (double) anomalous.size();
      double alarms = normal.stream().filter(v -> v >= t).count() / (double) normal.size();
      least = caught >= 0.95 ? Math.min(least, alarms) : least;
      most = alarms <= 0.01 ? Math.max(most, caught) : most;
    }

    Separation separation = Separation.of(array(normal), array(anomalous), new Bootstrap(40, 1));

    assertThat(separation.fpr95().value()).isEqualTo(least);
    assertThat(separation.caughtAt1Percent().value()).isEqualTo(most);
  }

  @Test
  void shouldSayWhereSetsAreApartOrTheSame() {
    double[] low = {1, 2, 3};
    double[] high = {4, Double.POSITIVE_INFINITY};

    Separation apart = Separation.of(low, high, BOOTSTRAP);
    assertThat(apart.auroc()).isEqualTo(new Estimate(1, 1, 1));
    assertThat(apart.fpr95()).isEqualTo(new Estimate(0, 0, 0));
    assertThat(apart.caughtAt1Percent()).isEqualTo(new Estimate(1, 1, 1));
    assertThat(Separation.auroc(high, low)).isZero();
    Separation same = Separation.of(new double[] {7, 7}, new double[] {7}, BOOTSTRAP);
    assertThat(same.auroc().value()).isEqualTo(0.5);
    assertThat(same.fpr95().value()).isOne();
    assertThat(same.caughtAt1Percent().value()).isZero();
  }

  @Test
  void shouldDrawTheCurveFromNoAlertToAll() {
    double[][] curve = Separation.curve(new double[] {1, 2, 2, 3}, new double[] {2, 4});

    assertThat(curve[0]).containsExactly(0, 0, 0.25, 0.75, 1);
    assertThat(curve[1]).containsExactly(0, 0.5, 0.5, 1, 1);
  }

  @Test
  void shouldRefuseWhatHasNoRank() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Separation.auroc(new double[] {1}, new double[] {Double.NaN}));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Separation.auroc(new double[0], new double[] {1}))
        .withMessageContaining("0 normal");
  }

  /**
   * Two normal distributions one deviation apart have an area of Φ(1/√2) = 0.7602. Of 200 intervals
   * between sets of 60 and 40 about 95 % hold it, somewhat fewer as percentile intervals of small
   * sets do; fewer than 175 or all 200 have a chance below 1e-4.
   */
  @Test
  void shouldHoldTheTrueAreaInItsIntervalAsOftenAsItSays() {
    Random random = new Random(3);
    int held = 0;
    for (int i = 0; i < 200; i++) {
      double[] normal = random.doubles(60).map(u -> random.nextGaussian()).toArray();
      double[] anomalous = random.doubles(40).map(u -> 1 + random.nextGaussian()).toArray();
      Estimate auroc = Separation.of(normal, anomalous, new Bootstrap(400, i)).auroc();
      assertThat(auroc.value()).isBetween(auroc.low(), auroc.high());
      held += auroc.low() <= 0.7602 && 0.7602 <= auroc.high() ? 1 : 0;
    }
    assertThat(held).isBetween(175, 199);
  }

  @Test
  void shouldGiveTheSameIntervalsForTheSameSeed() {
    Random random = new Random(4);
    double[] normal = random.doubles(50).toArray();
    double[] anomalous = random.doubles(50).map(v -> v + 0.3).toArray();

    Separation first = Separation.of(normal, anomalous, BOOTSTRAP);

    assertThat(Separation.of(normal, anomalous, BOOTSTRAP)).isEqualTo(first);
    assertThat(Separation.of(normal, anomalous, Bootstrap.seeded(2)).auroc())
        .isNotEqualTo(first.auroc());
  }

  /**
   * A share of 30 among 100 has a standard error of 0.046; 2 % of 2,000 resamples err by a tenth.
   */
  @Test
  void shouldSayHowSureAShareIs() {
    boolean[] of = new boolean[100];
    IntStream.range(0, 30).forEach(i -> of[i] = true);

    Estimate share = BOOTSTRAP.share(of);

    assertThat(share.value()).isEqualTo(0.3);
    assertThat(share.low()).isCloseTo(0.3 - 1.96 * 0.0458, within(0.02));
    assertThat(share.high()).isCloseTo(0.3 + 1.96 * 0.0458, within(0.02));
    assertThatIllegalArgumentException().isThrownBy(() -> new Bootstrap(39, 1));
  }

  private static double[] array(List<Integer> values) {
    return values.stream().mapToDouble(v -> v).toArray();
  }
}
