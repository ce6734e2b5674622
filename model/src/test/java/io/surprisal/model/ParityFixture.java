package io.surprisal.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * Tensors that another implementation (addtt/variational-diffusion-models @ 90a8b59, MIT, © 2022
 * Andrea Dittadi) produced: inputs, parameters and what it made of them.
 */
public record ParityFixture(JsonNode scalars, JsonNode config, Map<String, float[]> tensors) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Reads one configuration from the test resources. */
  public static ParityFixture read(String id) throws IOException {
    JsonNode manifest = json("manifest.json").path("configs").path(id);
    return new ParityFixture(manifest.path("scalars"), manifest.path("config"), tensors(id));
  }

  /** Reads a manifest from the test resources. */
  public static JsonNode json(String name) throws IOException {
    return JSON.readTree(resource(name));
  }

  /** Reads the tensors of one file of the test resources. */
  public static Map<String, float[]> tensors(String id) throws IOException {
    ByteBuffer buffer =
        ByteBuffer.wrap(resource(id + ".safetensors")).order(ByteOrder.LITTLE_ENDIAN);
    int headerLength = (int) buffer.getLong();
    byte[] text = new byte[headerLength];
    buffer.get(text);
    JsonNode header = JSON.readTree(text);
    Map<String, float[]> tensors = new LinkedHashMap<>();
    for (Iterator<String> names = header.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!name.equals("__metadata__")) {
        tensors.put(name, values(header.get(name), buffer, 8 + headerLength));
      }
    }
    return tensors;
  }

  private static float[] values(JsonNode entry, ByteBuffer buffer, int start) {
    int from = entry.at("/data_offsets/0").asInt();
    int length = entry.at("/data_offsets/1").asInt() - from;
    ByteBuffer bytes = buffer.slice(start + from, length).order(ByteOrder.LITTLE_ENDIAN);
    String type = entry.path("dtype").asText();
    int size =
        switch (type) {
          case "U8" -> 1;
          case "F32" -> 4;
          case "F64" -> 8;
          default -> throw new IllegalArgumentException(type);
        };
    float[] values = new float[length / size];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (size) {
            case 1 -> bytes.get(i) & 0xff;
            case 4 -> bytes.getFloat(4 * i);
            default -> (float) bytes.getDouble(8 * i);
          };
    }
    return values;
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = ParityFixture.class.getResourceAsStream("/parity/reimpl/" + name)) {
      return in.readAllBytes();
    }
  }

  /** Values of a prefix in the order of the file, joined. */
  public float[] flat(String prefix) {
    return flat(tensors, prefix);
  }

  /** Values of a prefix in the order of the file, joined. */
  public static float[] flat(Map<String, float[]> tensors, String prefix) {
    int length =
        tensors.entrySet().stream()
            .filter(e -> e.getKey().startsWith(prefix))
            .mapToInt(e -> e.getValue().length)
            .sum();
    float[] flat = new float[length];
    int at = 0;
    for (Map.Entry<String, float[]> entry : tensors.entrySet()) {
      if (entry.getKey().startsWith(prefix)) {
        System.arraycopy(entry.getValue(), 0, flat, at, entry.getValue().length);
        at += entry.getValue().length;
      }
    }
    return flat;
  }

  /** A scalar or array of scalars of the manifest, in double precision where it has that. */
  public double[] scalar(String name) {
    JsonNode node = scalars.path("f64").path(name);
    if (node.isMissingNode()) {
      node = scalars.path("f32").path(name);
    }
    return node.isArray()
        ? StreamSupport.stream(node.spliterator(), false).mapToDouble(JsonNode::asDouble).toArray()
        : new double[] {node.asDouble()};
  }

  /** A tensor by name. */
  public float[] tensor(String name) {
    float[] values = tensors.get(name);
    if (values == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return Arrays.copyOf(values, values.length);
  }
}
