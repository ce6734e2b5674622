package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.diffusion.GaussianModel.Components;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GaussianModelTest {
  private static final int DIMENSIONS = 12;
  private static final double[] DEVIATIONS = {0.8, 0.4, 0.1};

  private final Random random = new Random(4);

  /** Standard deviations 0.8 and 0.4 along two axes, 0.1 along the others, around 0.3. */
  private List<float[]> images(int count) {
    List<float[]> images = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      float[] image = new float[DIMENSIONS];
      for (int i = 0; i < DIMENSIONS; i++) {
        image[i] = (float) (0.3 + DEVIATIONS[Math.min(i, 2)] * random.nextGaussian());
      }
      images.add(image);
    }
    return images;
  }

  private static Components components(GaussianModel model, double[] vector) {
    double[] along = new double[model.variances().length];
    double square = 0;
    for (int i = 0; i < vector.length; i++) {
      square += vector[i] * vector[i];
      for (int k = 0; k < along.length; k++) {
        along[k] += model.directions()[k][i] * vector[i];
      }
    }
    return new Components(along, square);
  }

  /** Of 600 images; a variance is off by a quarter with probability 2e-5. */
  @Test
  void shouldFindTheGaussianThatMadeTheImages() {
    GaussianModel model = GaussianModel.fit(images(600), 2);

    assertThat(model.variances()[0]).isCloseTo(0.64, within(0.16));
    assertThat(model.variances()[1]).isCloseTo(0.16, within(0.04));
    assertThat(model.otherVariance()).isCloseTo(0.01, within(0.002));
    assertThat(Math.abs(model.directions()[0][0])).isGreaterThan(0.95f);
    assertThat(Math.abs(model.directions()[1][1])).isGreaterThan(0.95f);
    assertThat(model.mean()[5]).isCloseTo(0.3f, within(0.03f));
  }

  /**
   * Against the definition, pixel by pixel; and the mean over 20,000 draws of the noise against the
   * expectation, within five of its errors (by chance once in 10⁶).
   */
  @Test
  void shouldKnowItsErrorAndTheErrorsExpectation() {
    GaussianModel model = GaussianModel.fit(images(300), 3);
    float[] image = images(1).get(0);
    double[] y = new double[DIMENSIONS];
    for (int i = 0; i < DIMENSIONS; i++) {
      y[i] = image[i] - model.mean()[i];
    }
    for (double gamma : new double[] {-9, -3, 0, 4}) {
      double sum = 0;
      double squares = 0;
      int draws = 20_000;
      for (int draw = 0; draw < draws; draw++) {
        double[] epsilon = random.doubles(DIMENSIONS).map(u -> random.nextGaussian()).toArray();
        double product = 0;
        for (int i = 0; i < DIMENSIONS; i++) {
          product += epsilon[i] * y[i];
        }
        double error =
            model.error(components(model, y), components(model, epsilon), product, gamma);
        if (draw < 20) {
          assertThat(error).isCloseTo(byDefinition(model, y, epsilon, gamma), within(1e-4));
        }
        sum += error;
        squares += error * error;
      }
      double mean = sum / draws;
      double standardError = Math.sqrt((squares / draws - mean * mean) / draws);
      assertThat(mean)
          .isCloseTo(model.expectedError(components(model, y), gamma), within(5 * standardError));
    }
  }

  @Test
  void shouldKnowWhatAnImageAddsToTheErrorOfOneAtTheMean() {
    GaussianModel model = GaussianModel.fit(images(300), 3);
    float[] image = images(1).get(0);
    double[] y = new double[DIMENSIONS];
    for (int i = 0; i < DIMENSIONS; i++) {
      y[i] = image[i] - model.mean()[i];
    }
    Components components = model.components(image);
    assertThat(components.square()).isCloseTo(components(model, y).square(), within(1e-6));
    assertThat(components.along()).containsExactly(components(model, y).along(), within(1e-6));
    for (double gamma : new double[] {-9, -3, 0, 4}) {
      double atMean = model.expectedError(model.components(model.mean()), gamma);
      assertThat(model.addedError(components, gamma))
          .isCloseTo(model.expectedError(components, gamma) - atMean, within(1e-9));
    }
  }

  /** ε̂ = σ (α² Σ + σ²)⁻¹ (z − α μ), with the inverse along and across the directions. */
  private static double byDefinition(
      GaussianModel model, double[] y, double[] epsilon, double gamma) {
    double sigma2 = 1 / (1 + Math.exp(-gamma));
    double alpha = Math.sqrt(1 - sigma2);
    double sigma = Math.sqrt(sigma2);
    double[] z = new double[DIMENSIONS];
    for (int i = 0; i < DIMENSIONS; i++) {
      z[i] = alpha * y[i] + sigma * epsilon[i];
    }
    double other = 1 / (alpha * alpha * model.otherVariance() + sigma2);
    double[] estimate = new double[DIMENSIONS];
    for (int i = 0; i < DIMENSIONS; i++) {
      estimate[i] = sigma * other * z[i];
    }
    for (int k = 0; k < model.variances().length; k++) {
      double along = 0;
      for (int i = 0; i < DIMENSIONS; i++) {
        along += model.directions()[k][i] * z[i];
      }
      double own = 1 / (alpha * alpha * model.variances()[k] + sigma2);
      for (int i = 0; i < DIMENSIONS; i++) {
        estimate[i] += sigma * (own - other) * along * model.directions()[k][i];
      }
    }
    double error = 0;
    for (int i = 0; i < DIMENSIONS; i++) {
      error += Math.pow(epsilon[i] - estimate[i], 2);
    }
    return error;
  }
}
