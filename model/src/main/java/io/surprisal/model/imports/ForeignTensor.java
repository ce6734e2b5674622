package io.surprisal.model.imports;

import io.surprisal.model.release.Safetensors;
import java.util.List;

/**
 * One tensor of another implementation, and where its elements lie in the flat vector: a contiguous
 * part of it, after a permutation of axes.
 *
 * @param name as in the other implementation's file
 * @param shape as in the other implementation's file
 * @param offset index of the first element in the flat vector
 * @param axes how its axes follow one another
 */
record ForeignTensor(String name, List<Integer> shape, int offset, Axes axes) {

  /** The order of a tensor's axes. */
  enum Axes {
    /** As here: dense (out, in), convolutions (out, in, height, width). */
    AS_HERE(),
    /** Dense (in, out). */
    IN_OUT(1, 0),
    /** Convolutions (height, width, in, out). */
    HEIGHT_WIDTH_IN_OUT(3, 2, 0, 1);

    /** For each axis here, which one it is there; empty where they are the same. */
    private final int[] order;

    Axes(int... order) {
      this.order = order;
    }
  }

  ForeignTensor {
    shape = List.copyOf(shape);
  }

  int size() {
    return shape.stream().reduce(1, Math::multiplyExact);
  }

  /** Whether a tensor has this shape; a single number may be a scalar or have axes of length 1. */
  boolean fits(Safetensors.Tensor tensor) {
    return tensor.shape().equals(shape) || (size() == 1 && tensor.values().length == 1);
  }

  /** Copies the tensor's elements to their places in the flat vector. */
  void toFlat(Safetensors.Tensor tensor, float[] flat) {
    int[] strides = strides();
    for (int i = 0; i < tensor.values().length; i++) {
      flat[offset + position(i, strides)] = tensor.values()[i];
    }
  }

  /** The tensor whose elements are in the flat vector. */
  Safetensors.Tensor ofFlat(float[] flat) {
    int[] strides = strides();
    float[] values = new float[size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = flat[offset + position(i, strides)];
    }
    return new Safetensors.Tensor(shape, values);
  }

  /** How far a step along each of the foreign axes is in the flat vector. */
  private int[] strides() {
    int rank = shape.size();
    int[] strides = new int[rank];
    int stride = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
      int foreign = axes.order.length == 0 ? axis : axes.order[axis];
      strides[foreign] = stride;
      stride *= shape.get(foreign);
    }
    return strides;
  }

  /** Where the i-th element in the foreign order lies, counted from the offset. */
  private int position(int i, int[] strides) {
    int position = 0;
    int rest = i;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      position += rest % shape.get(axis) * strides[axis];
      rest /= shape.get(axis);
    }
    return position;
  }
}
