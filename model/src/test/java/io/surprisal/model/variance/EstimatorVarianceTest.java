package io.surprisal.model.variance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.TinyModels;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.diffusion.CosineSchedule;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.diffusion.LinearSchedule;
import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.runtime.Execution;
import java.util.List;
import org.junit.jupiter.api.Test;

class EstimatorVarianceTest {
  private static final ModelConfiguration MODEL =
      TinyModels.configuration(1, 8, 8, List.of(), ModelConfiguration.Schedule.FIXED_LINEAR);
  private static final int IMAGES = 40;

  /**
   * The untrained network's ε − ε̂ = (1 − σ) ε − α x has a known distribution. Within five standard
   * errors: fails by chance with probability 1.2e-6 (seed fixed).
   */
  @Test
  void shouldFindTheVarianceOfTheUntrainedNetwork() {
    assertClosedForm(LinearSchedule.fixed(-6, 4));
    assertClosedForm(new CosineSchedule(-6, 4));
  }

  private static void assertClosedForm(NoiseSchedule schedule) {
    ImageDataset data = TinyModels.noiseDataset(MODEL, IMAGES);
    float[] parameters = InitialParameters.draw(MODEL, 1);
    try (DiffusionModel model = new DiffusionModel(MODEL, parameters, Execution.CPU)) {
      EstimatorVariance measured =
          EstimatorVariance.measure(model, schedule, data, IMAGES, 200, 3, done -> {});
      double expected = 0;
      double mean = 0;
      for (int i = 0; i < IMAGES; i++) {
        double[] moments = moments(schedule, data.image(i));
        mean += moments[0] / IMAGES;
        expected += moments[1] / IMAGES;
      }
      assertThat(measured.variance()).isCloseTo(expected, within(5 * measured.standardError()));
      assertThat(measured.diffusion())
          .isCloseTo(mean, within(5 * Math.sqrt(expected / IMAGES / 200)));
    }
  }

  /** Mean and variance of ½ γ′ ‖(1 − σ) ε − α x‖²/(D ln 2) over ε and t, by the midpoint rule. */
  private static double[] moments(NoiseSchedule schedule, PixelImage image) {
    double d = image.pixels().length;
    double square = 0;
    for (byte pixel : image.pixels()) {
      square += Math.pow(2 * ((pixel & 0xff) + 0.5) / 256 - 1, 2);
    }
    int nodes = 20_000;
    double first = 0;
    double second = 0;
    for (int i = 0; i < nodes; i++) {
      double t = (i + 0.5) / nodes;
      double sigma2 = 1 / (1 + Math.exp(-schedule.gamma(t)));
      double noise = Math.pow(1 - Math.sqrt(sigma2), 2);
      double signal = (1 - sigma2) * square;
      double weight = 0.5 * schedule.derivative(t) / (d * Math.log(2));
      double mean = weight * (noise * d + signal);
      first += mean / nodes;
      second +=
          (mean * mean + weight * weight * (2 * noise * noise * d + 4 * noise * signal)) / nodes;
    }
    return new double[] {first, second - first * first};
  }
}
