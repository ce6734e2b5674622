package io.surprisal.model.scoring;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.surprisal.model.images.PixelImage;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What an image and the noise of an evaluation say about the network's error ‖ε − ε̂‖² before the
 * network is asked, from closed-form denoisers that know the image itself:
 *
 * <ul>
 *   <li>of a pixel whose level cannot be guessed from its neighbours, all that is known is that it
 *       is one of 256: the best ε̂ under a flat prior over levels, of which E[ε | z] is a ratio of
 *       two sums. Below a spacing of about one standard deviation of the noise this is ε̂ = 0, an
 *       error of ε². Summed by how much the levels around the pixel vary, since texture is harder
 *       to guess;
 *   <li>of smooth regions, the noisy image blurred: an error of (h∗ε)² where the blur leaves noise,
 *       and of (h∗ε)(h∗x − x) e^{−γ/2} where it removes part of the image.
 * </ul>
 *
 * Each less its expectation over ε, which is known, so that any multiple can be subtracted from an
 * estimate without bias. Unlike a Gaussian fitted to all images these need no stored covariance,
 * know each image's own edges, and see the grid of levels.
 *
 * <p>Its arrays belong to the manager given. Threads may share an instance.
 */
public final class LocalCovariates {
  /** Upper bounds of the local variance of a class of pixels, squared levels. */
  private static final double[] VARIANCES = {16, 164, 1638, Double.POSITIVE_INFINITY};

  private static final byte VARIED_ATOM = (byte) VARIANCES.length;
  private static final byte FLAT_ATOM = (byte) (VARIANCES.length + 1);
  private static final int CLASSES = VARIANCES.length + 1; // flat atoms are known to the network

  /** Standard deviations of the blurs, pixels. */
  private static final double[] BLURS = {0.5, 1.5, 4};

  /** Numbers of covariates φ and of traits ψ. */
  public static final int COVARIATES = CLASSES + 2 * BLURS.length;

  public static final int TRAITS = CLASSES + 4;

  private static final double SPACING = 2.0 / 256;

  /** Where levels lie closer in units of σ, their grid no longer shows (to 1e-6). */
  private static final double FINEST_SPACING = 1.2;

  /** Levels that a noisy pixel can be taken for, on either side. */
  private static final int REACH = 6;

  /**
   * What is known of an image before its evaluations.
   *
   * @param classes of its pixels, in their order
   * @param values ψ: the shares of the classes, 1, mean square, mean and mean local variance
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Traits(byte[] classes, double[] values) {}

  private final NDArray[] downwards = new NDArray[BLURS.length];
  private final NDArray[] across = new NDArray[BLURS.length];
  private final NDArray[] expectedSquares = new NDArray[BLURS.length];

  public LocalCovariates(NDManager manager, int height, int width) {
    for (int b = 0; b < BLURS.length; b++) {
      float[] vertical = blur(height, BLURS[b]);
      float[] horizontal = blur(width, BLURS[b]);
      downwards[b] = manager.create(vertical, new Shape(height, height));
      across[b] = manager.create(horizontal, new Shape(width, width));
      float[] squares = new float[height * width];
      for (int row = 0; row < height; row++) {
        for (int column = 0; column < width; column++) {
          squares[row * width + column] =
              (float) (square(vertical, height, row) * square(horizontal, width, column));
        }
      }
      expectedSquares[b] = manager.create(squares, new Shape(1, 1, height, width));
    }
  }

  /** Weights {@code [from][to]} of a Gaussian blur along a line, each column of sum 1. */
  private static float[] blur(int length, double deviation) {
    float[] weights = new float[length * length];
    for (int to = 0; to < length; to++) {
      double sum = 0;
      for (int from = 0; from < length; from++) {
        sum += Math.exp(-Math.pow((from - to) / deviation, 2) / 2);
      }
      for (int from = 0; from < length; from++) {
        weights[from * length + to] =
            (float) (Math.exp(-Math.pow((from - to) / deviation, 2) / 2) / sum);
      }
    }
    return weights;
  }

  private static double square(float[] weights, int length, int to) {
    double sum = 0;
    for (int from = 0; from < length; from++) {
      sum += weights[from * length + to] * weights[from * length + to];
    }
    return sum;
  }

  /**
   * Looks at an image.
   *
   * @param atoms levels that the network is taken to know
   */
  public static Traits traits(PixelImage image, Collection<Integer> atoms) {
    Set<Integer> known = new HashSet<>(atoms);
    byte[] pixels = image.pixels();
    int plane = image.height() * image.width();
    byte[] classes = new byte[pixels.length];
    double[] values = new double[TRAITS];
    for (int i = 0; i < pixels.length; i++) {
      int level = pixels[i] & 0xff;
      double variance = localVariance(image, pixels, i / plane, i % plane);
      int varied = 0;
      while (variance >= VARIANCES[varied]) {
        varied++;
      }
      if (known.contains(level)) {
        classes[i] = varied == 0 ? FLAT_ATOM : VARIED_ATOM;
      } else {
        classes[i] = (byte) varied;
      }
      double x = SPACING * (level + 0.5) - 1;
      if (classes[i] != FLAT_ATOM) {
        values[classes[i]] += 1.0 / pixels.length;
      }
      values[CLASSES + 1] += x * x / pixels.length;
      values[CLASSES + 2] += x / pixels.length;
      values[CLASSES + 3] += SPACING * SPACING * variance / pixels.length;
    }
    values[CLASSES] = 1;
    return new Traits(classes, values);
  }

  /** Variance over a pixel and its neighbours in a channel, squared levels. */
  private static double localVariance(PixelImage image, byte[] pixels, int channel, int at) {
    int width = image.width();
    int row = at / width;
    int column = at % width;
    int count = 0;
    int sum = 0;
    int squares = 0;
    for (int r = Math.max(0, row - 1); r <= Math.min(image.height() - 1, row + 1); r++) {
      for (int c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c++) {
        int level = pixels[(channel * image.height() + r) * width + c] & 0xff;
        count++;
        sum += level;
        squares += level * level;
      }
    }
    double mean = sum / (double) count;
    return squares / (double) count - mean * mean;
  }

  /**
   * φ of evaluations, each the sum over the image's pixels.
   *
   * @param x scaled image of each {@code [count, channels, height, width]}
   * @param epsilon noise of each; its manager owns the temporaries
   * @param gammas noise level of each
   * @param images of each
   * @return {@code [count][COVARIATES]}
   */
  public double[][] of(NDArray x, NDArray epsilon, double[] gammas, Traits[] images) {
    int count = gammas.length;
    double[][] covariates = new double[count][COVARIATES];
    NDArray classes = classes(epsilon, images);
    int[] low = rows(gammas, true);
    int[] high = rows(gammas, false);
    if (low.length > 0) {
      NDArray rows = epsilon.getManager().create(low);
      addByClass(gridErrors(epsilon.get(rows), gammas, low), classes.get(rows), low, covariates);
    }
    if (high.length > 0) {
      NDArray rows = epsilon.getManager().create(high);
      addByClass(epsilon.get(rows).square().sub(1), classes.get(rows), high, covariates);
    }
    NDArray unknown = classes.lt(VARIED_ATOM).toType(DataType.FLOAT32, false);
    for (int b = 0; b < BLURS.length; b++) {
      NDArray blurred = blurred(epsilon, b);
      float[] noise =
          blurred
              .square()
              .sub(expectedSquares[b])
              .mul(unknown)
              .sum(new int[] {1, 2, 3})
              .toFloatArray();
      float[] image = blurred(x, b).sub(x).mul(blurred).sum(new int[] {1, 2, 3}).toFloatArray();
      for (int i = 0; i < count; i++) {
        covariates[i][CLASSES + 2 * b] = noise[i];
        covariates[i][CLASSES + 2 * b + 1] = Math.exp(-gammas[i] / 2) * image[i];
      }
    }
    return covariates;
  }

  private static NDArray classes(NDArray epsilon, Traits[] images) {
    int dimensions = images[0].classes().length;
    float[] classes = new float[images.length * dimensions];
    for (int i = 0; i < images.length; i++) {
      byte[] of = images[i].classes();
      for (int p = 0; p < dimensions; p++) {
        classes[i * dimensions + p] = of[p];
      }
    }
    return epsilon.getManager().create(classes, epsilon.getShape());
  }

  /** The distance of two levels in standard deviations of the noise, both divided by α. */
  private static double spacing(double gamma) {
    return SPACING * Math.exp(-gamma / 2);
  }

  private static int[] rows(double[] gammas, boolean low) {
    return IntStream.range(0, gammas.length)
        .filter(i -> spacing(gammas[i]) > FINEST_SPACING == low)
        .toArray();
  }

  /** Squared errors of the flat prior over levels, less their expectations, pixel by pixel. */
  private static NDArray gridErrors(NDArray epsilon, double[] gammas, int[] rows) {
    NDManager manager = epsilon.getManager();
    float[] spacings = new float[rows.length];
    float[] expected = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      spacings[i] = (float) spacing(gammas[rows[i]]);
      expected[i] = (float) expectedGridError(spacings[i]);
    }
    NDArray offsets = manager.arange(-REACH, REACH + 1, 1, DataType.FLOAT32).reshape(1, 1, -1);
    NDArray distances = manager.create(spacings, new Shape(rows.length, 1, 1)).mul(offsets);
    NDArray weights =
        epsilon.reshape(rows.length, -1, 1).mul(distances).sub(distances.square().div(2)).exp();
    NDArray error = weights.mul(distances).sum(new int[] {2}).div(weights.sum(new int[] {2}));
    return error
        .square()
        .sub(manager.create(expected, new Shape(rows.length, 1)))
        .reshape(epsilon.getShape());
  }

  /** E[(ε − E[ε | z])²] of one pixel under the flat prior, by the trapezoidal rule. */
  private static double expectedGridError(double spacing) {
    double step = 0.05;
    double sum = 0;
    for (int i = -160; i <= 160; i++) {
      double epsilon = i * step;
      double weights = 0;
      double mean = 0;
      for (int offset = -REACH; offset <= REACH; offset++) {
        double distance = offset * spacing;
        double weight = Math.exp(epsilon * distance - distance * distance / 2);
        weights += weight;
        mean += weight * distance;
      }
      sum += step * Math.exp(-epsilon * epsilon / 2) * Math.pow(mean / weights, 2);
    }
    return sum / Math.sqrt(2 * Math.PI);
  }

  private static void addByClass(
      NDArray values, NDArray classes, int[] rows, double[][] covariates) {
    for (int c = 0; c < CLASSES; c++) {
      float[] sums =
          values
              .mul(classes.eq(c).toType(DataType.FLOAT32, false))
              .sum(new int[] {1, 2, 3})
              .toFloatArray();
      for (int i = 0; i < rows.length; i++) {
        covariates[rows[i]][c] = sums[i];
      }
    }
  }

  private NDArray blurred(NDArray images, int blur) {
    return images
        .matMul(across[blur])
        .transpose(0, 1, 3, 2)
        .matMul(downwards[blur])
        .transpose(0, 1, 3, 2);
  }
}
