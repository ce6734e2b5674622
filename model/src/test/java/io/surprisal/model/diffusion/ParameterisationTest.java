package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.TinyModels;
import io.surprisal.model.network.LikelihoodNetwork;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Prediction;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.TorchRuntime;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every view of a prediction gives the others, and the same bound. */
class ParameterisationTest {
  private static final int BATCH = 5;
  private static final Shape SHAPE = new Shape(BATCH, 1, 8, 8);

  private NDManager manager;
  private NDArray x;
  private NDArray epsilon;
  private NDArray gamma;
  private NDArray z;

  @BeforeEach
  void makeNoisyImages() {
    manager = TorchRuntime.engine().newBaseManager();
    Random random = new Random(4);
    float[] levels = new float[BATCH * 64];
    float[] noise = new float[BATCH * 64];
    for (int i = 0; i < noise.length; i++) {
      levels[i] = random.nextInt(256);
      noise[i] = (float) random.nextGaussian();
    }
    x = VariationalBound.scale(manager.create(levels, SHAPE));
    epsilon = manager.create(noise, SHAPE);
    gamma = manager.create(new float[] {-6, -3.5f, 0, 1.5f, 4});
    z = VariationalBound.noisy(x, gamma, epsilon);
  }

  @AfterEach
  void closeManager() {
    manager.close();
  }

  @Test
  void shouldFindImageVelocityAndScoreFromTheNoise() {
    NDArray alpha = Parameterisation.alpha(gamma);
    NDArray sigma = Parameterisation.sigma(gamma);
    assertNear(alpha.square().add(sigma.square()), manager.ones(new Shape(BATCH, 1, 1, 1)), 1e-6);
    assertNear(sigma.square().div(alpha.square()).log().flatten(), gamma, 1e-5);
    assertNear(Parameterisation.imageOfNoise(epsilon, z, gamma), x, 3e-5);
    assertNear(
        Parameterisation.vOfNoise(epsilon, z, gamma), epsilon.mul(alpha).sub(x.mul(sigma)), 3e-5);
    // ∇ log N(z; α x, σ²) = (α x − z)/σ²
    assertNear(
        Parameterisation.scoreOfNoise(epsilon, gamma),
        x.mul(alpha).sub(z).div(sigma.square()),
        2e-3);
  }

  @Test
  void shouldFindTheNoiseBack() {
    assertNear(
        Parameterisation.noiseOfImage(Parameterisation.imageOfNoise(epsilon, z, gamma), z, gamma),
        epsilon,
        1e-5);
    assertNear(
        Parameterisation.noiseOfV(Parameterisation.vOfNoise(epsilon, z, gamma), z, gamma),
        epsilon,
        1e-5);
    assertNear(
        Parameterisation.noiseOfScore(Parameterisation.scoreOfNoise(epsilon, gamma), gamma),
        epsilon,
        1e-5);
    assertNear(Parameterisation.preserving(Parameterisation.exploding(z, gamma), gamma), z, 1e-5);
  }

  /** z/α = x + e^{γ/2} ε. */
  @Test
  void shouldExplodeTheVariance() {
    NDArray deviation = gamma.mul(0.5).exp().reshape(-1, 1, 1, 1);
    assertNear(Parameterisation.exploding(z, gamma), x.add(epsilon.mul(deviation)), 3e-5);
  }

  /** A denoiser that is told to say what it knows in each of the views. */
  @Test
  void shouldGiveTheSameBoundInEveryView() {
    float[] expected = squaredErrors(GaussianPixels.denoiser(0.3));
    Map<String, Denoiser> views =
        Map.of(
            "x", (at, g) -> Parameterisation.noiseOfImage(imageByPosteriorMean(at, g), at, g),
            "v", (at, g) -> Parameterisation.noiseOfV(velocity(at, g), at, g),
            "score", (at, g) -> Parameterisation.noiseOfScore(score(at, g), g),
            "exploding", (at, g) -> explodingNoise(Parameterisation.exploding(at, g), g));
    views.forEach(
        (name, denoiser) -> {
          float[] actual = squaredErrors(denoiser);
          for (int i = 0; i < BATCH; i++) {
            assertThat(actual[i]).as(name).isCloseTo(expected[i], within(1e-4f * expected[i]));
          }
        });
  }

  /** E[x|z] = α v z/(α² v + σ²) for x ~ N(0, v), v = 0.3. */
  private static NDArray imageByPosteriorMean(NDArray z, NDArray gamma) {
    return z.mul(Parameterisation.alpha(gamma)).mul(0.3).div(marginal(gamma));
  }

  /** E[α ε − σ x|z] = α σ (1 − v) z/(α² v + σ²). */
  private static NDArray velocity(NDArray z, NDArray gamma) {
    return z.mul(Parameterisation.alpha(gamma))
        .mul(Parameterisation.sigma(gamma))
        .mul(1 - 0.3)
        .div(marginal(gamma));
  }

  /** ∇ log N(z; 0, α² v + σ²). */
  private static NDArray score(NDArray z, NDArray gamma) {
    return z.div(marginal(gamma)).neg();
  }

  /** In z/α, whose noise has the variance e^γ: E[ε|z/α] = e^{γ/2} z/α/(v + e^γ). */
  private static NDArray explodingNoise(NDArray exploding, NDArray gamma) {
    NDArray variance = gamma.exp().reshape(-1, 1, 1, 1);
    return exploding.mul(variance.sqrt()).div(variance.add(0.3));
  }

  private static NDArray marginal(NDArray gamma) {
    return Parameterisation.alpha(gamma)
        .square()
        .mul(0.3)
        .add(Parameterisation.sigma(gamma).square());
  }

  /** A network that predicts v is the one that predicts ε̂ = α v̂ + σ z. */
  @Test
  void shouldGiveTheSameBoundForANetworkOfEitherPrediction() {
    ModelConfiguration epsilonModel = TinyModels.grey();
    ModelConfiguration vModel = predicting(epsilonModel, Prediction.V);
    float[] parameters = TinyModels.trained(epsilonModel, 3);
    int split = ParameterLayout.of(vModel).scheduleSize();
    try (DiffusionModel velocity = new DiffusionModel(vModel, parameters, Execution.CPU);
        LikelihoodNetwork network =
            new LikelihoodNetwork(epsilonModel, Execution.CPU.device(), false)) {
      NDArray flat = manager.create(Arrays.copyOfRange(parameters, split, parameters.length));
      // as ε the network adds z to its output, as v it does not
      Denoiser byHand =
          (at, g) -> {
            NDArray v = network.predict(at, g, flat).sub(at);
            return v.mul(Parameterisation.alpha(g)).add(at.mul(Parameterisation.sigma(g)));
          };
      float[] expected = squaredErrors(byHand);
      float[] actual = squaredErrors(velocity.denoiser());
      for (int i = 0; i < BATCH; i++) {
        assertThat(actual[i]).isCloseTo(expected[i], within(1e-4f * expected[i]));
      }
      assertThat(actual).isNotEqualTo(squaredErrors((at, g) -> network.predict(at, g, flat)));
    }
  }

  private static ModelConfiguration predicting(ModelConfiguration c, Prediction prediction) {
    return new ModelConfiguration(
        c.channels(),
        c.height(),
        c.width(),
        c.embedding(),
        c.blocks(),
        c.coarse(),
        c.attentionHeads(),
        c.attentionEverywhere(),
        c.groups(),
        c.normEpsilon(),
        c.fourierExponents(),
        c.fourierOrder(),
        c.conditioningInput(),
        prediction,
        c.dropout(),
        c.gammaMin(),
        c.gammaMax(),
        c.schedule());
  }

  private float[] squaredErrors(Denoiser denoiser) {
    return VariationalBound.squaredError(denoiser, x, gamma, epsilon).toFloatArray();
  }

  private static void assertNear(NDArray actual, NDArray expected, double tolerance) {
    assertThat(actual.getShape()).isEqualTo(expected.getShape());
    assertThat((double) actual.sub(expected).abs().max().getFloat()).isLessThan(tolerance);
  }
}
