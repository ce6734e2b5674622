package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.LossProfile;
import io.surprisal.model.release.Typicality;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CensoredTailTest {

  private static final double RATE = 0.01;
  private static final double ANOMALIES = 0.02;
  private static final int IMAGES = 4000;
  private static final Typicality ONE_TRAIT =
      new Typicality(
          List.of(0.0, 0.0, 0.0),
          List.of(List.of(1.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0), List.of(0.0, 0.0, 0.0)));

  /** Bits/dim and untypicality, the logarithm of the one squared error, squared. */
  private record Image(double bitsPerDim, double deviation) {
    ImageLikelihood scored() {
      float error = (float) Math.exp(deviation);
      return new ImageLikelihood(bitsPerDim, 0, 0, 0, 0, new float[1], new float[] {error}, 1, 0);
    }

    float untypicality() {
      return (float) ONE_TRAIT.distance(TypicalityFit.traits(scored()));
    }

    static Image normal(Random random) {
      return new Image(random.nextGaussian(), random.nextGaussian());
    }

    /** As MNIST under Fashion-MNIST: untypical, and of fewer bits than anything normal. */
    static Image anomalous(Random random) {
      return new Image(-4 + random.nextGaussian(), 3.2 + random.nextGaussian());
    }
  }

  private static AlertRule rule(List<Image> images) {
    float[] scores = new float[images.size()];
    float[] untypicality = new float[images.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = (float) images.get(i).bitsPerDim();
      untypicality[i] = images.get(i).untypicality();
    }
    return AlertRule.of(
        Optional.of(
            new Calibration(
                1,
                "float32",
                scores,
                List.of(),
                LossProfile.UNMEASURED,
                Optional.empty(),
                Optional.of(ONE_TRAIT),
                untypicality)),
        1,
        "float32",
        RATE);
  }

  private interface Kept {
    List<Image> of(List<Image> alerted, List<Verdict> verdicts, int others);
  }

  /** Held-out images with anomalies among them, less those that this rule leaves out. */
  private static List<Image> heldOut(AlertRule rule, Kept kept, Random random) {
    List<Image> images = new ArrayList<>();
    List<Image> alerted = new ArrayList<>();
    List<Verdict> verdicts = new ArrayList<>();
    for (int i = 0; i < IMAGES; i++) {
      Image image =
          random.nextDouble() < ANOMALIES ? Image.anomalous(random) : Image.normal(random);
      Verdict verdict = rule.judge(image.scored());
      if (verdict.alert()) {
        alerted.add(image);
        verdicts.add(verdict);
      } else {
        images.add(image);
      }
    }
    images.addAll(kept.of(alerted, verdicts, images.size()));
    return images;
  }

  private static int alerts(AlertRule rule, List<Image> images) {
    return (int) images.stream().filter(image -> rule.judge(image.scored()).alert()).count();
  }

  /**
   * Ten refreshes of the calibration with two percent of anomalies that never cease: what is caught
   * stays at 90 % at least of what was caught first, and the rate on normal images inside its 99.9
   * % interval each time; that fails by chance with a probability of about 1 %. By their bits/dim,
   * as it was done once, the anomalies themselves would stay.
   */
  @Test
  void shouldCatchAfterTenRefreshesWhatItCaughtFirst() {
    Random random = new Random(31);
    List<Image> normal = new ArrayList<>();
    List<Image> anomalous = new ArrayList<>();
    List<Image> first = new ArrayList<>();
    for (int i = 0; i < IMAGES; i++) {
      first.add(Image.normal(random));
      normal.add(Image.normal(random));
      anomalous.add(Image.anomalous(random));
    }
    AlertRule rule = rule(first);
    AlertRule byBits = rule;
    int caught = alerts(rule, anomalous);
    assertThat(caught).isBetween(IMAGES / 2, IMAGES * 9 / 10);
    for (int refresh = 0; refresh < 10; refresh++) {
      AlertRule before = rule;
      rule =
          rule(
              heldOut(
                  before,
                  (alerted, verdicts, others) ->
                      Arrays.stream(CensoredTail.restored(verdicts, before, others))
                          .mapToObj(alerted::get)
                          .toList(),
                  random));
      byBits =
          rule(
              heldOut(
                  byBits,
                  (alerted, verdicts, others) ->
                      alerted.stream()
                          .sorted(Comparator.comparingDouble(Image::bitsPerDim))
                          .limit(Math.round(others * RATE / (1 - RATE)))
                          .toList(),
                  random));
      BetaBinomial law = rule.falseAlerts(IMAGES);
      assertThat(alerts(rule, normal)).isBetween(law.quantile(0.0005), law.quantile(0.9995));
      assertThat(alerts(rule, anomalous)).isGreaterThan(caught * 9 / 10);
    }
    assertThat(alerts(byBits, anomalous)).isLessThan(caught * 3 / 4);
  }

  /** Where there are none, what alerts is left as it is but once in a hundred times. */
  @Test
  void shouldLeaveACalibrationWithoutAnomaliesAsItIs() {
    Random random = new Random(32);
    List<Image> images = new ArrayList<>();
    for (int i = 0; i < IMAGES; i++) {
      images.add(Image.normal(random));
    }
    AlertRule rule = rule(images);
    List<Verdict> alerted = new ArrayList<>();
    while (alerted.size() < 40) {
      Verdict verdict = rule.judge(Image.normal(random).scored());
      if (verdict.alert()) {
        alerted.add(verdict);
      }
    }
    assertThat(CensoredTail.restored(alerted, rule, 3960)).hasSize(40);
    // twice as many as are expected are too many for each reason
    assertThat(CensoredTail.restored(alerted, rule, 1980)).hasSize(20);
    assertThat(CensoredTail.restored(alerted, rule, 1981)).hasSize(18);
    assertThat(CensoredTail.restored(List.of(), rule, 3960)).isEmpty();
    Verdict normal = rule.judge(new Image(0, 0).scored());
    assertThat(CensoredTail.restored(List.of(normal), rule, 1)).containsExactly(0);
  }
}
