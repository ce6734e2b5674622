package io.surprisal.model.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;

/** The diffusion loss for one schedule and one denoiser, put together as scorer and trainer do. */
record TestBound(NoiseSchedule schedule, Denoiser denoiser, DiffusionTime time) {

  /** What each evaluation gave: its loss in nats, ‖ε − ε̂‖², and γ. */
  record Diffusion(double[] loss, float[] squaredError, double[] gamma) {}

  /** One evaluation at each uniform t, as discrete time rounds it. */
  Diffusion diffusion(NDArray x, double[] t, NDArray epsilon) {
    double[] times = Arrays.stream(t).map(time::at).toArray();
    double[] gamma = schedule.gamma(times);
    float[] squaredError =
        VariationalBound.squaredError(denoiser, x, level(x.getManager(), gamma), epsilon)
            .toFloatArray();
    double[] loss = new double[t.length];
    Arrays.setAll(loss, i -> time.weight(schedule, times[i]) * squaredError[i]);
    return new Diffusion(loss, squaredError, gamma);
  }

  private static NDArray level(NDManager manager, double... gamma) {
    float[] floats = new float[gamma.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) gamma[i];
    }
    return manager.create(floats);
  }
}
