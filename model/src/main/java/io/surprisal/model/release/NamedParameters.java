package io.surprisal.model.release;

import io.surprisal.model.network.ParameterLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/** Between the flat vector of all parameters and the named tensors of a file. */
public final class NamedParameters {
  private NamedParameters() {}

  /** The named tensors of a flat vector, in the layout's order. */
  public static Map<String, Safetensors.Tensor> split(ParameterLayout layout, float[] flat) {
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
    for (ParameterLayout.Entry entry : layout.entries()) {
      tensors.put(
          entry.name(),
          new Safetensors.Tensor(
              entry.shape(),
              Arrays.copyOfRange(flat, entry.offset(), entry.offset() + entry.size())));
    }
    return tensors;
  }

  /**
   * The flat vector of named tensors.
   *
   * @throws ReleaseException listing by name every tensor that is missing, unknown, of another
   *     shape or not finite
   */
  public static float[] join(
      String file, ParameterLayout layout, Map<String, Safetensors.Tensor> tensors)
      throws ReleaseException {
    List<String> faults = new ArrayList<>();
    TreeSet<String> unknown = new TreeSet<>(tensors.keySet());
    for (ParameterLayout.Entry entry : layout.entries()) {
      unknown.remove(entry.name());
      Safetensors.Tensor tensor = tensors.get(entry.name());
      if (tensor == null) {
        faults.add("missing " + entry.name());
      } else if (!tensor.shape().equals(entry.shape())) {
        faults.add(entry.name() + " has shape " + tensor.shape() + ", must have " + entry.shape());
      }
    }
    unknown.forEach(name -> faults.add("unknown " + name));
    if (!faults.isEmpty()) {
      throw new ReleaseException(file + " does not fit its configuration: " + faults);
    }
    float[] flat = new float[layout.size()];
    for (ParameterLayout.Entry entry : layout.entries()) {
      System.arraycopy(
          Objects.requireNonNull(tensors.get(entry.name())).values(),
          0,
          flat,
          entry.offset(),
          entry.size());
    }
    Release.requireFinite(Path.of(file), "the parameters", flat);
    return flat;
  }
}
