package io.surprisal.model.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.surprisal.model.network.ParameterLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Muon's direction for the hidden layers (Jordan et al. 2024, "Muon: an optimizer for hidden layers
 * in neural networks"): the momentum of each weight matrix with all singular values brought near 1
 * by five Newton–Schulz iterations, scaled to the size of AdamW's steps, so that one learning rate
 * serves both (arXiv 2502.16982, equation 4). A convolution is a matrix of (out) × (in · height ·
 * width).
 */
final class Orthogonaliser {
  private static final int ITERATIONS = 5;
  private static final float A = 3.4445f;
  private static final float B = -4.7750f;
  private static final float C = 2.0315f;
  private static final double ADAM_RMS = 0.2;
  private static final float SMALL = 1e-7f;

  private final List<Group> groups = new ArrayList<>();

  private record Matrix(int rows, int columns) {
    int size() {
      return rows * columns;
    }
  }

  /**
   * Matrices of one shape, which are worked on together.
   *
   * @param index where their elements lie in the flat vector
   */
  private record Group(Matrix matrix, int count, NDArray index) {}

  /**
   * For the hidden matrices of a network: neither its first layers nor its last.
   *
   * @param manager will own what this keeps on the device
   */
  Orthogonaliser(NDManager manager, ParameterLayout layout) {
    Map<Matrix, List<Integer>> offsets = new LinkedHashMap<>();
    for (ParameterLayout.Entry entry : layout.entries()) {
      if (entry.shape().size() >= 2 && hidden(entry.name())) {
        int matrices = entry.name().endsWith(".qkv.weight") ? 3 : 1;
        int rows = entry.shape().get(0) / matrices;
        Matrix matrix = new Matrix(rows, entry.size() / entry.shape().get(0));
        for (int i = 0; i < matrices; i++) {
          offsets
              .computeIfAbsent(matrix, shape -> new ArrayList<>())
              .add(entry.offset() + i * matrix.size());
        }
      }
    }
    offsets.forEach(
        (matrix, starts) -> {
          long[] index =
              starts.stream()
                  .flatMapToLong(start -> LongStream.range(start, (long) start + matrix.size()))
                  .toArray();
          groups.add(new Group(matrix, starts.size(), manager.create(index)));
        });
  }

  private static boolean hidden(String name) {
    return name.startsWith("network.")
        && !name.startsWith("network.first")
        && !name.startsWith("network.last")
        && !name.startsWith("network.condition.0");
  }

  /**
   * A direction with that of the hidden matrices replaced.
   *
   * @param direction flat vector; its manager owns the result and the temporaries
   * @param momentum flat vector
   */
  NDArray replace(NDArray direction, NDArray momentum) {
    NDArray replaced = direction;
    for (Group group : groups) {
      Matrix matrix = group.matrix();
      NDArray gathered = momentum.gather(group.index(), 0);
      gathered.attach(direction.getManager());
      NDArray steps = orthogonal(gathered.reshape(group.count(), matrix.rows(), matrix.columns()));
      double scale = ADAM_RMS * Math.sqrt(Math.max(matrix.rows(), matrix.columns()));
      replaced = replaced.put(group.index(), steps.mul((float) scale).reshape(-1));
    }
    return replaced;
  }

  /**
   * Brings all singular values near 1: X ← (A I + B X Xᵀ + C (X Xᵀ)²) X from X = matrix / Frobenius
   * norm. On X itself: an iteration on the smaller X Xᵀ alone loses small singular values in
   * float32.
   *
   * @param matrices {@code [matrices, rows, columns]}
   */
  private static NDArray orthogonal(NDArray matrices) {
    boolean tall = matrices.getShape().get(1) > matrices.getShape().get(2);
    NDArray x = tall ? matrices.transpose(0, 2, 1) : matrices;
    x = x.div(x.square().sum(new int[] {1, 2}, true).sqrt().add(SMALL));
    for (int i = 0; i < ITERATIONS; i++) {
      NDArray gram = x.matMul(x.transpose(0, 2, 1));
      NDArray polynomial = gram.matMul(gram).mul(C).add(gram.mul(B));
      x = polynomial.matMul(x).add(x.mul(A));
    }
    return tall ? x.transpose(0, 2, 1) : x;
  }
}
