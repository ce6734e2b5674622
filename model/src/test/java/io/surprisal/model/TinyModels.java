package io.surprisal.model;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.InitialParameters;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.TrainingRecord;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;

/** The smallest models that have every part of a real one, and images for them. */
public final class TinyModels {
  public static final int SIDE = 8;

  public static final TrainingRecord TRAINING =
      new TrainingRecord(
          10,
          160,
          1.5,
          7,
          "tiny",
          90,
          10,
          Map.of("batch", 16),
          4.2,
          true,
          List.of(
              new TrainingRecord.Point(0, Double.NaN, 14, -13.3, 5),
              new TrainingRecord.Point(10, 13, 12, -13.2, 5.1)));

  private TinyModels() {}

  /** 8×8 grey. */
  public static ModelConfiguration grey() {
    return configuration(1, SIDE, SIDE, List.of(5, 6), Schedule.LEARNED_SCALAR);
  }

  public static ModelConfiguration configuration(
      int channels, int height, int width, List<Integer> fourierExponents, Schedule schedule) {
    return new ModelConfiguration(
        channels, height, width, 8, 1, 4, 1e-5, fourierExponents, 0, -13.3, 5, schedule);
  }

  /** Parameters with no zero left, as after training: every part of the network has a say. */
  public static float[] trained(ModelConfiguration configuration, long seed) {
    float[] parameters = InitialParameters.draw(configuration, seed);
    Random random = new Random(seed);
    for (int i = 2; i < parameters.length; i++) {
      parameters[i] += (float) (0.05 * random.nextGaussian());
    }
    return parameters;
  }

  /** An image of independent pixels. */
  public static PixelImage noise(ModelConfiguration c, long seed) {
    byte[] pixels = new byte[c.dimensions()];
    new Random(seed).nextBytes(pixels);
    return new PixelImage(c.channels(), c.height(), c.width(), pixels);
  }

  /** Images of independent pixels. */
  public static ImageDataset noiseDataset(ModelConfiguration c, int size) {
    return dataset(c, size, i -> noise(c, i));
  }

  /** A data set of images made on demand. */
  public static ImageDataset dataset(
      ModelConfiguration c, int size, IntFunction<PixelImage> images) {
    return new ImageDataset() {
      @Override
      public int size() {
        return size;
      }

      @Override
      public int channels() {
        return c.channels();
      }

      @Override
      public int height() {
        return c.height();
      }

      @Override
      public int width() {
        return c.width();
      }

      @Override
      public PixelImage image(int index) {
        return images.apply(index);
      }

      @Override
      public String name(int index) {
        return "image " + index;
      }
    };
  }
}
