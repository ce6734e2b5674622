package io.surprisal.model.release;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.surprisal.model.checks.Sha256;
import io.surprisal.model.checks.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The safetensors format: eight bytes of header length (little-endian), a JSON header with the
 * type, shape and byte range of each tensor and a map of strings as metadata, then the tensors.
 * Holds float32 tensors on the heap.
 *
 * @param metadata the header's {@code __metadata__}
 * @param tensors by name, in the order of the file
 * @param sha256 of the whole file, hexadecimal
 */
public record Safetensors(
    Map<String, String> metadata, Map<String, Tensor> tensors, String sha256) {

  /**
   * A float32 tensor in row-major order. Equal when shape and values are.
   *
   * @param shape lengths of the axes; empty for a scalar
   * @param values as many as the product of {@code shape}
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by content
  public record Tensor(List<Integer> shape, float[] values) {
    public Tensor {
      shape = List.copyOf(shape);
      if (elements(shape) != values.length) {
        throw new IllegalArgumentException(
            "a tensor of shape " + shape + " cannot hold " + values.length + " values");
      }
    }

    private static long elements(List<Integer> shape) {
      return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Tensor that
          && shape.equals(that.shape)
          && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(values) * 31 + shape.hashCode();
    }
  }

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(
              DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final int HEADER_LIMIT = 100_000_000;
  private static final String METADATA = "__metadata__";

  public Safetensors {
    metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /**
   * Writes a file under a temporary name beside it, forces it to disk and renames it, so that a
   * reader sees the old file, none, or the whole new one.
   *
   * @return what was written, with its hash
   */
  public static Safetensors write(
      Path file, Map<String, String> metadata, Map<String, Tensor> tensors) throws IOException {
    byte[] bytes = encode(metadata, tensors);
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a root is no file");
    Files.createDirectories(folder);
    WholeFile.force(
        folder.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp"), file, bytes);
    return new Safetensors(metadata, tensors, Sha256.hex(bytes));
  }

  private static byte[] encode(Map<String, String> metadata, Map<String, Tensor> tensors)
      throws JsonProcessingException {
    ObjectNode header = JSON.createObjectNode();
    header.set(METADATA, JSON.valueToTree(new TreeMap<>(metadata)));
    long offset = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      ObjectNode tensor = header.putObject(entry.getKey());
      tensor.put("dtype", "F32");
      tensor.set("shape", JSON.valueToTree(entry.getValue().shape()));
      long end = offset + 4L * entry.getValue().values().length;
      tensor.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] text = JSON.writeValueAsBytes(header);
    int padded = (text.length + 7) / 8 * 8;
    ByteBuffer buffer =
        ByteBuffer.allocate(Math.toIntExact(8 + padded + offset)).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(padded).put(text);
    while (buffer.position() < 8 + padded) {
      buffer.put((byte) ' ');
    }
    for (Tensor tensor : tensors.values()) {
      buffer.asFloatBuffer().put(tensor.values());
      buffer.position(buffer.position() + 4 * tensor.values().length);
    }
    return buffer.array();
  }

  /**
   * Reads a file whole.
   *
   * @throws ReleaseException if the file is not safetensors, is truncated, or holds a type other
   *     than float32
   * @throws NoSuchFileException if it is not there
   */
  public static Safetensors read(Path file) throws IOException {
    return read(file, EnumSet.of(FloatType.F32));
  }

  /**
   * Reads a file whole and converts float64, float16 and bfloat16 tensors to float32.
   *
   * @throws ReleaseException if the file is not safetensors, is truncated, or holds a type other
   *     than these
   * @throws NoSuchFileException if it is not there
   */
  public static Safetensors readConverting(Path file) throws IOException {
    return read(file, EnumSet.allOf(FloatType.class));
  }

  private static Safetensors read(Path file, Set<FloatType> types) throws IOException {
    long size = Files.size(file);
    if (size > Integer.MAX_VALUE - 16) {
      throw new ReleaseException(file + " is over 2 GiB, more than a release can be");
    }
    try (InputStream in = Files.newInputStream(file)) {
      headerLength(file.toString(), in.readNBytes(8), size); // before a foreign file fills the heap
    }
    return decode(file.toString(), Files.readAllBytes(file), types);
  }

  static Safetensors decode(String name, byte[] bytes) throws ReleaseException {
    return decode(name, bytes, EnumSet.of(FloatType.F32));
  }

  private static Safetensors decode(String name, byte[] bytes, Set<FloatType> types)
      throws ReleaseException {
    int headerLength = headerLength(name, bytes, bytes.length);
    String text = new String(bytes, 8, headerLength, StandardCharsets.UTF_8);
    try {
      JsonNode header = JSON.readTree(text);
      if (!header.isObject()) {
        throw new ReleaseException(name + " is not a safetensors file: no JSON header");
      }
      Map<String, String> metadata =
          header.path(METADATA).isObject()
              ? JSON.convertValue(
                  header.get(METADATA), new TypeReference<LinkedHashMap<String, String>>() {})
              : Map.of();
      int start = 8 + headerLength;
      ByteBuffer data =
          ByteBuffer.wrap(bytes, start, bytes.length - start)
              .slice()
              .order(ByteOrder.LITTLE_ENDIAN);
      requireContiguous(name, header, data.capacity());
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> entry : header.properties()) {
        if (!entry.getKey().equals(METADATA)) {
          tensors.put(entry.getKey(), tensor(name, entry, data, types));
        }
      }
      return new Safetensors(metadata, tensors, Sha256.hex(bytes));
    } catch (JsonProcessingException | IllegalArgumentException | ArithmeticException e) {
      throw new ReleaseException(name + " has a malformed safetensors header", e);
    }
  }

  private static int headerLength(String name, byte[] start, long size) throws ReleaseException {
    if (start.length < 8) {
      throw new ReleaseException(name + " is not a safetensors file: " + size + " bytes");
    }
    long length = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 2 || length > Math.min(HEADER_LIMIT, size - 8)) {
      throw new ReleaseException(
          name
              + " is not a safetensors file, or is truncated: its header claims "
              + length
              + " bytes of "
              + size);
    }
    return (int) length;
  }

  /** The tensors must fill the data without gap or overlap, as the format demands. */
  private static void requireContiguous(String file, JsonNode header, int available)
      throws ReleaseException {
    List<long[]> ranges = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      if (!entry.getKey().equals(METADATA)) {
        ranges.add(range(entry.getValue()));
      }
    }
    ranges.sort(Comparator.<long[]>comparingLong(r -> r[0]).thenComparingLong(r -> r[1]));
    long end = 0;
    for (long[] range : ranges) {
      if (range[0] != end || range[1] < end || range[1] > available) {
        throw new ReleaseException(
            "%s is truncated or malformed: a tensor lies at bytes %d to %d of %d, after one that ends at %d"
                .formatted(file, range[0], range[1], available, end));
      }
      end = range[1];
    }
    if (end != available) {
      throw new ReleaseException(
          file + " has " + (available - end) + " bytes that belong to no tensor");
    }
  }

  private static long[] range(JsonNode tensor) {
    return new long[] {
      tensor.at("/data_offsets/0").asLong(-1), tensor.at("/data_offsets/1").asLong(-1)
    };
  }

  private static Tensor tensor(
      String file, Map.Entry<String, JsonNode> entry, ByteBuffer data, Set<FloatType> types)
      throws ReleaseException {
    FloatType type = type(file, entry, types);
    Integer[] shape = JSON.convertValue(entry.getValue().path("shape"), Integer[].class);
    if (shape == null || Arrays.stream(shape).anyMatch(n -> n == null || n < 0)) {
      throw new ReleaseException(file + ": tensor " + entry.getKey() + " has no valid shape");
    }
    long[] range = range(entry.getValue());
    int start = (int) range[0];
    int length = (int) (range[1] - range[0]);
    if (length % type.bytes() != 0) {
      throw new ReleaseException(
          file + ": tensor " + entry.getKey() + " is " + length + " bytes, not whole floats");
    }
    float[] values = new float[length / type.bytes()];
    for (int i = 0; i < values.length; i++) {
      values[i] = type.read(data, start + i * type.bytes());
    }
    return new Tensor(List.of(shape), values);
  }

  private static FloatType type(
      String file, Map.Entry<String, JsonNode> entry, Set<FloatType> types)
      throws ReleaseException {
    String name = entry.getValue().path("dtype").asText();
    return types.stream()
        .filter(type -> type.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new ReleaseException(
                    "%s: tensor %s is of type %s; only %s is read"
                        .formatted(
                            file,
                            entry.getKey(),
                            name,
                            types.stream()
                                .map(FloatType::name)
                                .collect(Collectors.joining(", ")))));
  }
}
