package io.surprisal.model.network;

import java.util.List;
import java.util.SplittableRandom;

/**
 * The parameters of an untrained model. The last layer of every residual path is zero, so that the
 * untrained network is ε̂ = z exactly.
 */
public final class InitialParameters {
  private InitialParameters() {}

  /**
   * Draws the flat parameter vector of {@link ParameterLayout}.
   *
   * @return a vector of length {@link ParameterLayout#size()}
   */
  public static float[] draw(ModelConfiguration configuration, long seed) {
    ParameterLayout layout = ParameterLayout.of(configuration);
    return draw(configuration, layout, layout.size(), seed);
  }

  /**
   * Draws the schedule's part of {@link #draw} alone.
   *
   * @return a vector of length {@link ParameterLayout#scheduleSize()}
   */
  public static float[] drawSchedule(ModelConfiguration configuration, long seed) {
    ParameterLayout layout = ParameterLayout.of(configuration);
    return draw(configuration, layout, layout.scheduleSize(), seed);
  }

  private static float[] draw(
      ModelConfiguration configuration, ParameterLayout layout, int length, long seed) {
    float[] flat = new float[length];
    SplittableRandom random = new SplittableRandom(seed);
    List<ParameterLayout.Entry> entries = layout.entries();
    for (int e = 0; e < entries.size() && entries.get(e).offset() < length; e++) {
      ParameterLayout.Entry entry = entries.get(e);
      double bound = 1 / Math.sqrt(layout.fanIn(e));
      int size = entry.size();
      for (int i = 0; i < size; i++) {
        flat[entry.offset() + i] =
            (float)
                switch (entry.initialisation()) {
                  case ZERO -> 0;
                  case ONE -> 1;
                  case UNIFORM_FAN_IN -> bound * (2 * random.nextDouble() - 1);
                  case NORMAL_HUNDREDTH -> 0.01 * random.nextGaussian();
                  case GAMMA_MIN -> configuration.gammaMin();
                  case GAMMA_RANGE -> configuration.gammaMax() - configuration.gammaMin();
                };
      }
    }
    return flat;
  }
}
