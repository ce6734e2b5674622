package io.surprisal.model.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.surprisal.model.TinyModels;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.runtime.TorchRuntime;
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
      NDArray gammas = manager.create(new float[] {-13.2f, 5, -7});
      gammas.setRequiresGradient(true);
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
        NDArray x = VariationalBound.scale(levels);
        NDArray loss =
            VariationalBound.prior(x, gammas.get("1:2"))
                .add(VariationalBound.reconstruction(levels, epsilon, gammas.get("0:1")))
                .add(VariationalBound.squaredError((z, g) -> z, x, gammas.get("2:3"), epsilon))
                .sum();
        if (collect) {
          collectAndReuse(manager);
        }
        collector.backward(loss);
      }
      NDArray gradient = gammas.getGradient();
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
