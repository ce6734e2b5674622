package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.detection.Verdict.Reason;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.runtime.Precision;
import io.surprisal.model.scoring.EvidenceMap;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class AlertRuleTest {
  private static final int K = 8;

  private static AlertRule rule(float[] calibration, double rate) {
    return AlertRule.of(calibrated(calibration), K, Precision.FLOAT32.toString(), rate);
  }

  private static Optional<Calibration> calibrated(float... scores) {
    return Optional.of(new Calibration(K, Precision.FLOAT32.toString(), scores, List.of()));
  }

  private static ImageLikelihood score(double bitsPerDim) {
    return new ImageLikelihood(bitsPerDim, 0, 0, 0, 0, new float[K], new float[K], K, 0);
  }

  /** Scores of few different values, so that ties are the rule. */
  @Property(tries = 300, seed = "1")
  void shouldCountAsManyAsBruteForceDoes(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 8) Integer> scores,
      @ForAll @IntRange(min = -1, max = 9) int score,
      @ForAll @Scale(9) @DoubleRange(min = 0.01, max = 0.99) double anyRate,
      @ForAll boolean onTheGrid) {
    int n = scores.size();
    // rates that are multiples of 1/(n + 1) are where rounding decides
    double rate =
        onTheGrid
            ? Math.max(1, Math.floor(anyRate * (n + 1))) / (n + 1)
            : Math.max(anyRate, 1.0 / (n + 1));
    float[] calibration = new float[n];
    for (int i = 0; i < n; i++) {
      calibration[i] = scores.get(i);
    }
    long atLeast = scores.stream().filter(s -> s >= score).count();
    double pValue = (1.0 + atLeast) / (n + 1);
    Verdict verdict = rule(calibration, rate).judge(score(score));
    assertThat(verdict.pValue()).hasValue(pValue);
    assertThat(verdict.alert()).isEqualTo(pValue <= rate);
    assertThat(verdict.alert()).isEqualTo(score > verdict.threshold().orElseThrow());
  }

  /** Each of these rates is a fraction that floor(rate · (n + 1)) gets wrong. */
  @Test
  void shouldAgreeWithItselfWhereARateIsNoBinaryFraction() {
    float[] calibration = new float[99];
    for (int i = 0; i < 99; i++) {
      calibration[i] = i;
    }
    assertThat(0.29 * 100).isLessThan(29);
    AlertRule rule = rule(calibration, 0.29);
    // 28 of 99 are at least as high: p = 29/100
    assertThat(rule.judge(score(71)).alert()).isTrue();
    assertThat(rule.judge(score(71)).threshold()).hasValue(70);
    assertThat(rule.judge(score(70)).alert()).isFalse();
    assertThat(1 / 49.0 * 49).isLessThan(1);
    assertThat(rule(new float[48], 1 / 49.0).judge(score(1)).alert()).isTrue();
  }

  /**
   * Validity: false alerts on m images under a threshold from n are beta-binomial. The interval
   * leaves out 1e-6 on either side.
   */
  @Test
  void shouldAlertOnAsManyNormalImagesAsTheRatePromises() {
    Random random = new Random(9);
    int n = 999;
    int m = 20_000;
    double rate = 0.05;
    float[] calibration = new float[n];
    for (int i = 0; i < n; i++) {
      calibration[i] = (float) random.nextGaussian();
    }
    AlertRule rule = rule(calibration, rate);
    int alerts = 0;
    for (int i = 0; i < m; i++) {
      alerts += rule.judge(score(random.nextGaussian())).alert() ? 1 : 0;
    }
    BetaBinomial law = rule.falseAlerts(m);
    assertThat(law).isEqualTo(new BetaBinomial(m, 50, 950));
    assertThat(alerts).isBetween(law.quantile(1e-6), law.quantile(1 - 1e-6));
    assertThat(law.quantile(0.5)).isBetween(980, 1000);
    assertThat(law.quantile(1 - 1e-6) - law.quantile(1e-6)).isLessThan(1600);
  }

  /**
   * Over calibrations, the chance of a false alert is at most the rate: with 20 000 of them, five
   * standard errors, failing by chance with probability 3e-7.
   */
  @Test
  void shouldKeepTheRateOverCalibrationsWithTies() {
    Random random = new Random(10);
    int trials = 20_000;
    double rate = 0.2;
    int n = 19;
    int alerts = 0;
    int alertsWithoutTies = 0;
    for (int i = 0; i < trials; i++) {
      float[] tied = new float[n];
      float[] distinct = new float[n];
      for (int j = 0; j < n; j++) {
        tied[j] = random.nextInt(10);
        distinct[j] = random.nextFloat();
      }
      alerts += rule(tied, rate).judge(score(random.nextInt(10))).alert() ? 1 : 0;
      alertsWithoutTies += rule(distinct, rate).judge(score(random.nextFloat())).alert() ? 1 : 0;
    }
    double error = Math.sqrt(rate * (1 - rate) / trials);
    assertThat(alerts / (double) trials).isLessThan(rate + 5 * error);
    assertThat(alertsWithoutTies / (double) trials).isCloseTo(rate, within(5 * error));
  }

  /** Untypicality is the logarithm of the one squared error, squared. */
  private static AlertRule ruleOfBoth(float[] scores, float[] untypicality, double rate) {
    Typicality typicality =
        new Typicality(
            List.of(0.0, 0.0, 0.0),
            List.of(List.of(1.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0)));
    return AlertRule.of(
        Optional.of(
            new Calibration(
                1,
                Precision.FLOAT32.toString(),
                scores,
                List.of(),
                LossProfile.UNMEASURED,
                Optional.empty(),
                Optional.of(typicality),
                untypicality)),
        1,
        Precision.FLOAT32.toString(),
        rate);
  }

  private static ImageLikelihood score(double bitsPerDim, double untypicality) {
    float error = (float) Math.exp(Math.sqrt(untypicality));
    return new ImageLikelihood(bitsPerDim, 0, 0, 0, 0, new float[1], new float[] {error}, 1, 0);
  }

  /** Of nine images, given in any order, at a rate of 0.4: two blocks each. */
  @Test
  void shouldAlertForEitherReason() {
    float[] scores = {5, 9, 1, 2, 8, 3, 4, 7, 6};
    float[] untypicality = {50, 90, 10, 25, 80, 35, 45, 15, 60};
    AlertRule rule = ruleOfBoth(scores, untypicality, 0.4);
    // the highest score is 9; of the other images the highest untypicality 80, then the highest
    // score 7, and then the highest untypicality 60
    assertThat(rule.threshold()).hasValue(7);
    assertThat(rule.untypicalityThreshold()).hasValue(60);
    Verdict low = rule.judge(score(8.5, 20));
    assertThat(low)
        .isEqualTo(
            new Verdict(
                List.of(Reason.LOW_LIKELIHOOD),
                OptionalDouble.of(0.3),
                Map.of(Reason.LOW_LIKELIHOOD, 0.2, Reason.ATYPICAL, 0.8),
                Optional.of(Reason.LOW_LIKELIHOOD),
                OptionalDouble.of(7)));
    Verdict atypical = rule.judge(score(1.5, 65));
    assertThat(atypical.reasons()).containsExactly(Reason.ATYPICAL);
    assertThat(atypical.alert()).isTrue();
    assertThat(atypical.pValue(Reason.ATYPICAL)).hasValue(0.3);
    assertThat(atypical.pValue()).hasValue(0.4);
    assertThat(rule.judge(score(6.5, 59)).alert()).isFalse();
    assertThat(rule.judge(score(6.5, 59)).pValue()).hasValue(0.5);
    assertThat(rule.judge(score(0.5, 5)).pValue()).hasValue(1);
    Verdict both = rule.judge(score(99, 99));
    assertThat(both.reasons()).containsExactly(Reason.LOW_LIKELIHOOD, Reason.ATYPICAL);
    assertThat(both.pValue()).hasValue(0.1);
    assertThat(both.decisive()).hasValue(Reason.LOW_LIKELIHOOD);
    assertThat(rule.share(Reason.ATYPICAL)).isEqualTo(0.5);
    assertThat(rule.share(Reason.LOCAL)).isZero();
    assertThat(rule.judge(score(6.5, 59)).decisive()).isEmpty();
    // one block: likelihood has it
    AlertRule one = ruleOfBoth(scores, untypicality, 0.1);
    assertThat(one.judge(score(8.5, 1e6)).alert()).isFalse();
    assertThat(one.judge(score(9.5, 20)).alert()).isTrue();
  }

  @Test
  void shouldRefuseATypicalityOfOtherTraits() {
    Typicality typicality = new Typicality(List.of(0.0), List.of(List.of(1.0)));
    Calibration calibration =
        new Calibration(
            1,
            "float32",
            new float[] {1, 2},
            List.of(),
            LossProfile.UNMEASURED,
            Optional.empty(),
            Optional.of(typicality),
            new float[2]);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AlertRule.of(Optional.of(calibration), 1, "float32", 0.5))
        .withMessageContaining("of 1 traits, 1 evaluations have 3");
  }

  /**
   * Over calibrations, the chance of a false alert for either reason is the rate, however the two
   * depend on one another: five standard errors, failing by chance with probability 6e-7.
   */
  @Property(tries = 5, seed = "3")
  void shouldKeepTheRateOverBothReasons(@ForAll @DoubleRange(min = -1, max = 1) double dependence) {
    Random random = new Random(11);
    int trials = 20_000;
    double rate = 0.2;
    int alerts = 0;
    for (int trial = 0; trial < trials; trial++) {
      float[][] images = new float[20][];
      for (int i = 0; i < images.length; i++) {
        float score = random.nextFloat();
        float other = random.nextFloat();
        images[i] =
            new float[] {
              score, (float) (1 + dependence * score + (1 - Math.abs(dependence)) * other)
            };
      }
      float[] scores = new float[19];
      float[] untypicality = new float[19];
      for (int i = 0; i < 19; i++) {
        scores[i] = images[i][0];
        untypicality[i] = images[i][1];
      }
      alerts +=
          ruleOfBoth(scores, untypicality, rate).judge(score(images[19][0], images[19][1])).alert()
              ? 1
              : 0;
    }
    double error = Math.sqrt(rate * (1 - rate) / trials);
    assertThat(alerts / (double) trials).isCloseTo(rate, within(5 * error));
  }

  /** The local statistic is the one pixel's evidence. */
  private static final LocalNormal ONE_PIXEL =
      new LocalNormal(LocalControl.NONE, List.of(1), 1, 1, List.of(0f), List.of(1f));

  /** With typicality where there are untypicalities. */
  private static AlertRule ruleOfAll(
      float[] scores, float[] untypicality, float[] locality, double rate) {
    Typicality typicality =
        new Typicality(
            List.of(0.0, 0.0, 0.0),
            List.of(List.of(1.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0)));
    return AlertRule.of(
        Optional.of(
            new Calibration(
                1,
                Precision.FLOAT32.toString(),
                scores,
                List.of(),
                LossProfile.UNMEASURED,
                Optional.empty(),
                untypicality.length == 0 ? Optional.empty() : Optional.of(typicality),
                untypicality,
                Optional.of(ONE_PIXEL),
                locality)),
        1,
        Precision.FLOAT32.toString(),
        rate);
  }

  private static ImageLikelihood score(double bitsPerDim, double untypicality, float evidence) {
    ImageLikelihood without = score(bitsPerDim, untypicality);
    return new ImageLikelihood(
        bitsPerDim,
        0,
        0,
        0,
        0,
        new float[1],
        without.squaredErrors(),
        1,
        0,
        Optional.of(new EvidenceMap(1, 1, new float[] {evidence})));
  }

  /** Of nine images, given in any order, at a rate of 0.4: two blocks for parts of a picture. */
  @Test
  void shouldAlertForAPartOfAPictureFirst() {
    float[] scores = {5, 9, 1, 2, 8, 3, 4, 7, 6};
    float[] untypicality = {50, 90, 10, 25, 80, 35, 45, 15, 60};
    float[] locality = {11, 19, 18, 12, 13, 14, 15, 16, 17};
    AlertRule rule = ruleOfAll(scores, untypicality, locality, 0.4);
    // the highest two local statistics are those of the scores 9 and 1
    assertThat(rule.localThreshold()).hasValue(18);
    // of the other images the highest score is 8, and of those without it the highest
    // untypicality 60
    assertThat(rule.threshold()).hasValue(8);
    assertThat(rule.untypicalityThreshold()).hasValue(60);
    Verdict local = rule.judge(score(7.5, 59, 18.5f));
    assertThat(local)
        .isEqualTo(
            new Verdict(
                List.of(Reason.LOCAL),
                OptionalDouble.of(0.3),
                Map.of(Reason.LOW_LIKELIHOOD, 0.3, Reason.ATYPICAL, 0.4, Reason.LOCAL, 0.2),
                Optional.of(Reason.LOCAL),
                OptionalDouble.of(8)));
    assertThat(local.alert()).isTrue();
    assertThat(rule.judge(score(7.5, 59, 18)).alert()).isFalse();
    Verdict low = rule.judge(score(8.5, 59, 17.5f));
    assertThat(low.reasons()).containsExactly(Reason.LOW_LIKELIHOOD);
    assertThat(low.pValue(Reason.LOCAL)).hasValue(0.3);
    assertThat(low.pValue()).hasValue(0.2);
    Verdict atypical = rule.judge(score(7.5, 61, 17.5f));
    assertThat(atypical.reasons()).containsExactly(Reason.ATYPICAL);
    // without typicality, likelihood has the other two: the highest two others score 8 and 7
    AlertRule two = ruleOfAll(scores, new float[0], locality, 0.4);
    assertThat(two.localThreshold()).hasValue(18);
    assertThat(two.threshold()).hasValue(7);
    assertThat(two.untypicalityThreshold()).isEmpty();
    assertThat(two.judge(score(7.5, 1e6, 17)).alert(Reason.LOW_LIKELIHOOD)).isTrue();
    assertThat(two.judge(score(7.5, 1e6, 17)).pValue(Reason.ATYPICAL)).isEmpty();
  }

  /** A single block, as with few pictures. */
  @Test
  void shouldGiveASingleBlockToPartsOfAPicture() {
    float[] scores = {5, 9, 1, 2, 8, 3, 4, 7, 6};
    float[] untypicality = {50, 90, 10, 25, 80, 35, 45, 15, 60};
    float[] locality = {11, 19, 18, 12, 13, 14, 15, 16, 17};
    for (AlertRule rule :
        List.of(
            ruleOfAll(scores, untypicality, locality, 0.1),
            ruleOfAll(scores, new float[0], locality, 0.1))) {
      assertThat(rule.silence()).isEmpty();
      assertThat(rule.localThreshold()).hasValue(19);
      assertThat(rule.threshold()).isEmpty();
      assertThat(rule.judge(score(1e6, 1e3, 19)).alert()).isFalse();
      assertThat(rule.judge(score(0, 1, 19.5f)).alert(Reason.LOCAL)).isTrue();
      assertThat(rule.judge(score(1e6, 1e3, 19)).pValue()).hasValue(0.2);
      assertThat(rule.judge(score(1e6, 1e3, 19)).pValue(Reason.LOW_LIKELIHOOD)).hasValue(0.1);
      assertThat(rule.judge(score(1e6, 1e3, 19)).pValue(Reason.LOCAL)).hasValue(0.2);
      assertThat(rule.falseAlerts(100)).isEqualTo(new BetaBinomial(100, 1, 9));
    }
  }

  @Test
  void shouldJudgeAnImageWithoutEvidenceByTheOthers() {
    float[] scores = {5, 9, 1, 2, 8, 3, 4, 7, 6};
    float[] locality = {11, 19, 18, 12, 13, 14, 15, 16, 17};
    AlertRule rule = ruleOfAll(scores, new float[0], locality, 0.4);
    assertThat(rule.localEvidence(score(8.5, 1))).isEmpty();
    Verdict verdict = rule.judge(score(8.5, 1));
    assertThat(verdict.reasons()).containsExactly(Reason.LOW_LIKELIHOOD);
    assertThat(verdict.pValue(Reason.LOCAL)).isEmpty();
    assertThat(rule.judge(score(6.5, 1)).alert()).isFalse();
  }

  @Test
  void shouldIgnoreEvidenceWhereTheReleaseDoesNotKnowWhatIsNormal() {
    AlertRule rule =
        AlertRule.of(
            Optional.of(
                new Calibration(1, Precision.FLOAT32.toString(), new float[] {1, 2, 3}, List.of())),
            1,
            Precision.FLOAT32.toString(),
            0.25);
    assertThat(rule.localThreshold()).isEmpty();
    assertThat(rule.localEvidence(score(2, 1, 1e6f))).isEmpty();
    Verdict verdict = rule.judge(score(2, 1, 1e6f));
    assertThat(verdict.alert()).isFalse();
    assertThat(verdict.pValue(Reason.LOCAL)).isEmpty();
  }

  @Test
  void shouldFindTheEvidenceThatItJudges() {
    float[] scores = {1, 2, 3, 4};
    AlertRule rule = ruleOfAll(scores, new float[0], scores, 0.2);
    ImageLikelihood image = score(2, 1, 4.5f);
    Optional<LocalEvidence> evidence = rule.localEvidence(image);
    assertThat(evidence.orElseThrow().statistic()).isEqualTo(4.5);
    assertThat(evidence.orElseThrow().above(rule.localThreshold().orElseThrow())).hasSize(1);
    assertThat(rule.judge(image, evidence)).isEqualTo(rule.judge(image));
  }

  private static float[] column(float[][] images, int column, int without) {
    float[] values = new float[images.length - 1];
    for (int i = 0; i < values.length; i++) {
      values[i] = images[i < without ? i : i + 1][column];
    }
    return values;
  }

  /**
   * Score, untypicality and local statistic of images without ties. At a dependence of 1 all three
   * rank the images alike, at −1 score and untypicality the other way round.
   */
  private static float[][] exchangeable(int images, double dependence, Random random) {
    float[][] drawn = new float[images][];
    for (int i = 0; i < images; i++) {
      float locality = random.nextFloat();
      double own = 1 - Math.abs(dependence);
      drawn[i] =
          new float[] {
            (float) (2 + dependence * locality + own * random.nextFloat()),
            (float) (2 + dependence * locality + own * random.nextFloat()),
            locality
          };
    }
    return drawn;
  }

  /**
   * Of n + 1 images, whatever they are, exactly r alert if each in turn is judged by the n others:
   * this is why an exchangeable one does with the chance r/(n + 1).
   */
  @Property(tries = 200, seed = "4")
  void shouldAlertForExactlyAsManyBlocksAsTheRateAllows(
      @ForAll @DoubleRange(min = -1, max = 1) double dependence,
      @ForAll @IntRange(min = 1, max = 12) int rank,
      @ForAll boolean typicality,
      @ForAll @IntRange(max = 1000) int seed) {
    float[][] images = exchangeable(20, dependence, new Random(seed));
    int alerts = 0;
    for (int fresh = 0; fresh < 20; fresh++) {
      AlertRule rule =
          ruleOfAll(
              column(images, 0, fresh),
              typicality ? column(images, 1, fresh) : new float[0],
              column(images, 2, fresh),
              rank / 20.0);
      alerts +=
          rule.judge(score(images[fresh][0], images[fresh][1], images[fresh][2])).alert() ? 1 : 0;
    }
    assertThat(alerts).isEqualTo(rank);
  }

  /** The one p-value of each of n + 1 images by the n others takes each of its values once. */
  @Property(tries = 100, seed = "6")
  void shouldHaveAUniformPValueThatDecides(
      @ForAll @DoubleRange(min = -1, max = 1) double dependence,
      @ForAll boolean typicality,
      @ForAll @IntRange(max = 1000) int seed) {
    float[][] images = exchangeable(20, dependence, new Random(seed));
    double rate = 0.3;
    boolean[] seen = new boolean[21];
    for (int fresh = 0; fresh < 20; fresh++) {
      Verdict verdict =
          ruleOfAll(
                  column(images, 0, fresh),
                  typicality ? column(images, 1, fresh) : new float[0],
                  column(images, 2, fresh),
                  rate)
              .judge(score(images[fresh][0], images[fresh][1], images[fresh][2]));
      double p = verdict.pValue().orElseThrow();
      seen[(int) Math.round(p * 20)] = true;
      assertThat(verdict.alert()).isEqualTo(p <= rate);
    }
    for (int block = 1; block <= 20; block++) {
      assertThat(seen[block]).as("block %s", block).isTrue();
    }
  }

  /**
   * Over calibrations, the chance of a false alert for any of the three reasons is the rate,
   * however they depend on one another: five standard errors, failing by chance with probability
   * 6e-7 a try.
   */
  @Property(tries = 5, seed = "5")
  void shouldKeepTheRateOverAllReasons(
      @ForAll @DoubleRange(min = -1, max = 1) double dependence, @ForAll boolean typicality) {
    Random random = new Random(12);
    int trials = 20_000;
    double rate = 0.2;
    int alerts = 0;
    int local = 0;
    for (int trial = 0; trial < trials; trial++) {
      float[][] images = exchangeable(20, dependence, random);
      Verdict verdict =
          ruleOfAll(
                  column(images, 0, 19),
                  typicality ? column(images, 1, 19) : new float[0],
                  column(images, 2, 19),
                  rate)
              .judge(score(images[19][0], images[19][1], images[19][2]));
      alerts += verdict.alert() ? 1 : 0;
      local += verdict.alert(Reason.LOCAL) ? 1 : 0;
    }
    double error = Math.sqrt(rate * (1 - rate) / trials);
    assertThat(alerts / (double) trials).isCloseTo(rate, within(5 * error));
    // two of the four blocks are its own, and what lies there is named for it elsewhere too
    assertThat(local / (double) trials).isBetween(rate / 2 - 5 * error, rate + 5 * error);
  }

  /** As above, with ties in all three: at most the rate, failing by chance with 3e-7. */
  @Test
  void shouldKeepTheRateOverAllReasonsWithTies() {
    Random random = new Random(13);
    int trials = 20_000;
    double rate = 0.2;
    int alerts = 0;
    for (int trial = 0; trial < trials; trial++) {
      float[][] images = new float[20][];
      for (int i = 0; i < 20; i++) {
        images[i] = new float[] {random.nextInt(6), 1 + random.nextInt(6), random.nextInt(6)};
      }
      alerts +=
          ruleOfAll(column(images, 0, 19), column(images, 1, 19), column(images, 2, 19), rate)
                  .judge(score(images[19][0], images[19][1], images[19][2]))
                  .alert()
              ? 1
              : 0;
    }
    double error = Math.sqrt(rate * (1 - rate) / trials);
    assertThat(alerts / (double) trials).isLessThan(rate + 5 * error);
  }

  @Test
  void shouldNeverAlertUncalibrated() {
    AlertRule rule = AlertRule.of(Optional.empty(), K, Precision.FLOAT32.toString(), 0.5);
    assertThat(rule.silence()).hasValueSatisfying(s -> assertThat(s).contains("not calibrated"));
    assertThat(rule(new float[] {1, 2}, 0.5).silence()).isEmpty();
    for (double score : new double[] {-1, 8, 1e9, Double.POSITIVE_INFINITY, Double.NaN}) {
      Verdict verdict = rule.judge(score(score));
      assertThat(verdict.alert()).isFalse();
      assertThat(verdict.pValue()).isEmpty();
      assertThat(verdict.threshold()).isEmpty();
    }
    assertThatIllegalStateException()
        .isThrownBy(() -> rule.falseAlerts(10))
        .withMessageContaining("not calibrated");
  }

  @Test
  void shouldRefuseWhatTheCalibrationDoesNotCover() {
    Optional<Calibration> release = calibrated(new float[98]);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AlertRule.of(release, 16, Precision.FLOAT32.toString(), 0.05))
        .withMessageContaining("calibrated for 8 evaluations")
        .withMessageContaining("not for 16")
        .withMessageContaining("surprisal calibrate --evaluations 16");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AlertRule.of(release, K, "bfloat16", 0.05))
        .withMessageContaining("bfloat16");
    assertThat(AlertRule.of(release, K, Precision.FLOAT32.toString(), 0.01).silence())
        .hasValueSatisfying(
            reason ->
                assertThat(reason)
                    .contains("at least 99 calibration images, the release has 98")
                    .contains("surprisal calibrate"));
    for (double rate : new double[] {0, 1, -0.1, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> AlertRule.of(release, K, Precision.FLOAT32.toString(), rate))
          .withMessageContaining("within (0, 1)");
    }
  }
}
