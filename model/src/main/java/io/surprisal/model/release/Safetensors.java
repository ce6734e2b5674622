package io.surprisal.model.release;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

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
   * A float32 tensor in row-major order.
   *
   * @param shape lengths of the axes; empty for a scalar
   * @param values as many as the product of {@code shape}
   */
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
  }

  private static final ObjectMapper JSON = new ObjectMapper();
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
    Path folder = file.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    Path temporary = folder.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
        channel.force(true);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return new Safetensors(metadata, tensors, sha256(bytes));
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
    if (Files.size(file) > Integer.MAX_VALUE - 16) {
      throw new ReleaseException(file + " is over 2 GiB, more than a release can be");
    }
    return decode(file.toString(), Files.readAllBytes(file));
  }

  private static Safetensors decode(String name, byte[] bytes) throws ReleaseException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 8) {
      throw new ReleaseException(name + " is not a safetensors file: " + bytes.length + " bytes");
    }
    long headerLength = buffer.getLong();
    if (headerLength < 2 || headerLength > Math.min(HEADER_LIMIT, bytes.length - 8)) {
      throw new ReleaseException(
          name
              + " is not a safetensors file, or is truncated: its header claims "
              + headerLength
              + " bytes of "
              + bytes.length);
    }
    String text = new String(bytes, 8, (int) headerLength, StandardCharsets.UTF_8);
    try {
      JsonNode header = JSON.readTree(text);
      if (!header.isObject()) {
        throw new ReleaseException(name + " is not a safetensors file: no JSON header");
      }
      Map<String, String> metadata =
          header.has(METADATA)
              ? JSON.convertValue(
                  header.get(METADATA), new TypeReference<LinkedHashMap<String, String>>() {})
              : Map.of();
      int start = 8 + (int) headerLength;
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      long end = 0;
      for (Map.Entry<String, JsonNode> entry : header.properties()) {
        if (!entry.getKey().equals(METADATA)) {
          long[] range = range(name, entry.getKey(), entry.getValue(), bytes.length - start);
          end = Math.max(end, range[1]);
          tensors.put(entry.getKey(), tensor(name, entry, buffer, start + (int) range[0], range));
        }
      }
      if (start + end != bytes.length) {
        throw new ReleaseException(
            name + " has " + (bytes.length - start - end) + " bytes that belong to no tensor");
      }
      return new Safetensors(metadata, tensors, sha256(bytes));
    } catch (JsonProcessingException | IllegalArgumentException | ArithmeticException e) {
      throw new ReleaseException(name + " has a malformed safetensors header", e);
    }
  }

  private static long[] range(String file, String name, JsonNode tensor, long available)
      throws ReleaseException {
    long from = tensor.at("/data_offsets/0").asLong(-1);
    long to = tensor.at("/data_offsets/1").asLong(-1);
    if (from < 0 || to < from || to > available) {
      throw new ReleaseException(
          file
              + " is truncated or malformed: tensor "
              + name
              + " lies at bytes "
              + from
              + " to "
              + to
              + " of "
              + available);
    }
    return new long[] {from, to};
  }

  private static Tensor tensor(
      String file, Map.Entry<String, JsonNode> entry, ByteBuffer buffer, int start, long[] range)
      throws ReleaseException {
    String type = entry.getValue().path("dtype").asText();
    if (!type.equals("F32")) {
      throw new ReleaseException(
          file + ": tensor " + entry.getKey() + " is of type " + type + "; only F32 is read");
    }
    Integer[] shape = JSON.convertValue(entry.getValue().path("shape"), Integer[].class);
    if (shape == null || Arrays.stream(shape).anyMatch(n -> n == null || n < 0)) {
      throw new ReleaseException(file + ": tensor " + entry.getKey() + " has no valid shape");
    }
    float[] values = new float[(int) ((range[1] - range[0]) / 4)];
    buffer
        .slice(start, 4 * values.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return new Tensor(List.of(shape), values);
  }

  static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
