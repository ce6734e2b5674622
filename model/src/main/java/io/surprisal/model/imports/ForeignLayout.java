package io.surprisal.model.imports;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ParameterLayout;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.release.Safetensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Between the flat vector of all parameters and the tensors of another implementation. Every
 * element of the one is exactly one element of the other.
 */
public final class ForeignLayout {
  private final List<ForeignTensor> tensors;
  private final int size;

  private ForeignLayout(List<ForeignTensor> tensors, int size) {
    this.tensors = tensors;
    this.size = size;
    int sum = tensors.stream().mapToInt(ForeignTensor::size).sum();
    if (sum != size) {
      throw new IllegalStateException(
          "the foreign tensors have " + sum + " elements, the flat vector " + size);
    }
  }

  /**
   * The tensors of a model with this configuration in the implementation that it comes from.
   *
   * @throws IllegalArgumentException if the parameters are more than an array can hold
   */
  public static ForeignLayout of(Origin origin, ModelConfiguration configuration) {
    ParameterLayout layout = ParameterLayout.of(configuration);
    return new ForeignLayout(origin.implementation().tensors(configuration, layout), layout.size());
  }

  /**
   * The flat vector of an implementation's tensors.
   *
   * @param file that they come from, for messages
   * @throws ReleaseException listing by name every tensor that is missing, unknown, of another
   *     shape or not finite
   */
  public float[] join(String file, Map<String, Safetensors.Tensor> given) throws ReleaseException {
    List<String> faults = new ArrayList<>();
    TreeSet<String> unknown = new TreeSet<>(given.keySet());
    for (ForeignTensor tensor : tensors) {
      unknown.remove(tensor.name());
      fault(tensor, given.get(tensor.name()), faults);
    }
    unknown.forEach(name -> faults.add("unknown " + name));
    if (!faults.isEmpty()) {
      throw new ReleaseException(file + " does not fit its configuration: " + faults);
    }
    float[] flat = new float[size];
    tensors.forEach(
        tensor -> tensor.toFlat(Objects.requireNonNull(given.get(tensor.name())), flat));
    return flat;
  }

  private static void fault(
      ForeignTensor tensor, Safetensors.@Nullable Tensor given, List<String> faults) {
    if (given == null) {
      faults.add("missing " + tensor.name() + " " + tensor.shape());
    } else if (!tensor.fits(given)) {
      faults.add(tensor.name() + " has shape " + given.shape() + ", must have " + tensor.shape());
    } else {
      for (float value : given.values()) {
        if (!Float.isFinite(value)) {
          faults.add(tensor.name() + " holds " + value + ", must be finite");
          return;
        }
      }
    }
  }

  /** An implementation's tensors of a flat vector: of parameters, or of anything laid out so. */
  public Map<String, Safetensors.Tensor> split(float[] flat) {
    if (flat.length != size) {
      throw new IllegalArgumentException(
          "a flat vector of " + flat.length + " elements, must have " + size);
    }
    Map<String, Safetensors.Tensor> named = new LinkedHashMap<>();
    tensors.forEach(tensor -> named.put(tensor.name(), tensor.ofFlat(flat)));
    return named;
  }

  /** Collects the tensors that the parameters of a layout are. */
  static final class Builder {
    private final Map<String, ParameterLayout.Entry> entries = new LinkedHashMap<>();
    private final List<ForeignTensor> tensors = new ArrayList<>();

    Builder(ParameterLayout layout) {
      layout.entries().forEach(entry -> entries.put(entry.name(), entry));
    }

    /** Adds a parameter that is one tensor of the same shape. */
    Builder same(String name, String foreign) {
      ParameterLayout.Entry entry = entry(name);
      return add(foreign, entry.shape(), entry.offset(), ForeignTensor.Axes.AS_HERE);
    }

    /** Adds a parameter that is one tensor of another shape with its elements in this order. */
    Builder reshaped(String name, String foreign, List<Integer> shape) {
      return add(foreign, shape, entry(name).offset(), ForeignTensor.Axes.AS_HERE);
    }

    /** Adds a dense or 1×1 convolutional weight that is a dense kernel (in, out). */
    Builder dense(String name, String foreign) {
      List<Integer> shape = entry(name).shape();
      return slice(name, foreign, List.of(shape.get(1), shape.get(0)), 0);
    }

    /** Adds a convolutional weight that is a kernel (height, width, in, out). */
    Builder convolution(String name, String foreign) {
      ParameterLayout.Entry entry = entry(name);
      List<Integer> s = entry.shape();
      return add(
          foreign,
          List.of(s.get(2), s.get(3), s.get(1), s.get(0)),
          entry.offset(),
          ForeignTensor.Axes.HEIGHT_WIDTH_IN_OUT);
    }

    /**
     * Adds the part of a parameter that is one tensor.
     *
     * @param shape of a dense kernel (in, out), or of a vector
     * @param index which of the equal parts, from 0
     */
    Builder slice(String name, String foreign, List<Integer> shape, int index) {
      ForeignTensor.Axes axes =
          shape.size() == 1 ? ForeignTensor.Axes.AS_HERE : ForeignTensor.Axes.IN_OUT;
      int size = shape.stream().reduce(1, Math::multiplyExact);
      return add(foreign, shape, entry(name).offset() + index * size, axes);
    }

    private ParameterLayout.Entry entry(String name) {
      ParameterLayout.Entry entry = entries.get(name);
      if (entry == null) {
        throw new IllegalArgumentException("the layout has no parameter " + name);
      }
      return entry;
    }

    private Builder add(String foreign, List<Integer> shape, int offset, ForeignTensor.Axes axes) {
      tensors.add(new ForeignTensor(foreign, shape, offset, axes));
      return this;
    }

    List<ForeignTensor> build() {
      return List.copyOf(tensors);
    }
  }
}
