package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.surprisal.model.TinyModels;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BoundGradientTest {
  private static final Shape SHAPE = new Shape(1, 1, 8, 8);

  /** What the backward pass needs of the forward pass must outlive a collection between the two. */
  @Test
  void shouldNotDependOnTheGarbageCollector() {
    float[] expected = gradient(false);
    assertThat(expected).doesNotContain(Float.NaN, 0f);
    for (int i = 0; i < 20; i++) {
      assertThat(gradient(true)).isEqualTo(expected);
    }
  }

  private static float[] gradient(boolean collect) {
    try (NDManager manager = TorchRuntime.engine().newBaseManager(Device.cpu())) {
      NDArray parameters = manager.create(new float[] {-13.2f, 18.2f});
      parameters.setRequiresGradient(true);
      PixelImage image = TinyModels.noise(TinyModels.grey(), 1);
      float[] pixels = new float[64];
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = image.pixels()[i] & 0xff;
      }
      float[] noise = new float[64];
      new CounterNoise(1).fillGaussian(0, noise, 0, noise.length);
      NDArray levels = manager.create(pixels, SHAPE);
      NDArray epsilon = manager.create(noise, SHAPE);
      try (GradientCollector collector = TorchRuntime.engine().newGradientCollector()) {
        VariationalBound bound =
            new VariationalBound(
                new NoiseSchedule(TinyModels.grey(), parameters, manager), (z, gamma) -> z);
        NDArray x = VariationalBound.scale(levels);
        NDArray loss =
            bound
                .prior(x)
                .add(bound.reconstruction(levels, epsilon))
                .add(bound.diffusion(x, manager.create(new float[] {0.3f}), epsilon).loss())
                .sum();
        if (collect) {
          collectAndReuse(manager);
        }
        collector.backward(loss);
      }
      NDArray gradient = parameters.getGradient();
      gradient.attach(manager);
      return gradient.toFloatArray();
    }
  }

  /** Frees what nobody holds, and fills the freed memory with something else. */
  private static void collectAndReuse(NDManager manager) {
    System.gc();
    System.runFinalization();
    List<NDArray> others = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      others.add(manager.create(1e30f));
    }
    others.forEach(NDArray::close);
  }
}
