package io.surprisal.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.surprisal.model.release.Safetensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.StreamSupport;

/** The tensors of a file of parity fixtures, bytes and floats alike in double precision. */
public final class ParityTensors {

  /** One tensor in row-major order. */
  @SuppressWarnings("ArrayRecordComponent") // read, never compared
  public record Tensor(List<Integer> shape, double[] values) {

    /** The same in single precision, which is exact for all but {@code .f64} outputs. */
    public float[] floats() {
      float[] floats = new float[values.length];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = (float) values[i];
      }
      return floats;
    }
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private ParityTensors(Path file) {
    this.file = file;
  }

  /** Reads a safetensors file of U8, F32 and F64 tensors; not with the code that is tested. */
  public static ParityTensors read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] text = new byte[Math.toIntExact(bytes.getLong())];
    bytes.get(text);
    ByteBuffer data = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    ParityTensors read = new ParityTensors(file);
    for (Map.Entry<String, JsonNode> entry : JSON.readTree(text).properties()) {
      if (!entry.getKey().equals("__metadata__")) {
        read.tensors.put(entry.getKey(), tensor(entry.getValue(), data));
      }
    }
    return read;
  }

  private static Tensor tensor(JsonNode entry, ByteBuffer data) {
    List<Integer> shape =
        StreamSupport.stream(entry.path("shape").spliterator(), false)
            .map(JsonNode::asInt)
            .toList();
    int start = entry.at("/data_offsets/0").asInt();
    double[] values = new double[shape.stream().reduce(1, Math::multiplyExact)];
    String type = entry.path("dtype").asText();
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case "U8" -> data.get(start + i) & 0xff;
            case "F32" -> data.getFloat(start + 4 * i);
            case "F64" -> data.getDouble(start + 8 * i);
            default -> throw new IllegalArgumentException("a fixture of type " + type);
          };
    }
    return new Tensor(shape, values);
  }

  /** Names of all tensors. */
  public TreeSet<String> names() {
    return new TreeSet<>(tensors.keySet());
  }

  public boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** A tensor by name. */
  public Tensor get(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(file + " has no tensor " + name);
    }
    return tensor;
  }

  /** The tensors of a prefix without it, such as the parameters under {@code param.}. */
  public Map<String, Safetensors.Tensor> under(String prefix) {
    Map<String, Safetensors.Tensor> under = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith(prefix)) {
            under.put(
                name.substring(prefix.length()),
                new Safetensors.Tensor(tensor.shape(), tensor.floats()));
          }
        });
    return under;
  }
}
