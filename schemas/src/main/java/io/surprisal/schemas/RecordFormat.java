package io.surprisal.schemas;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.jspecify.annotations.Nullable;

/**
 * How one record type travels: Avro's single-object encoding (Avro specification, "Single-object
 * encoding"), that is C3 01, the CRC-64-AVRO fingerprint of the writer's schema as 8 bytes
 * little-endian, and the body in Avro's binary encoding. Where the process uses a {@link
 * SchemaRegistry}, a record is written in Confluent's wire format instead (Confluent, "Wire
 * format"): 0, the number of the schema in the registry as 4 bytes big-endian, and the same body.
 * Which of both a record has that is read is told by its first byte.
 *
 * <p>A record is written with the current schema of its type and read from the current one or any
 * earlier one: each schema that was ever published lies frozen as {@code
 * io/surprisal/schemas/vN/TYPE.avsc} beside this class, N counted for each type from 1. A reader of
 * this version that is to understand later writers is given their schemas.
 *
 * <p>Thread-safe.
 */
public final class RecordFormat<T extends SpecificRecord> {

  private static final int HEADER_BYTES = 10;

  /** Of Confluent's wire format. */
  private static final byte CONFLUENT = 0;

  private static final int CONFLUENT_HEADER_BYTES = 5;

  /** Schemas of registries whose readers are kept; of more all are made anew. */
  private static final int MOST_READERS = 1_000;

  private static final SpecificData DATA = new ContractData();

  private final Class<T> type;
  private final BinaryMessageEncoder<T> encoder;

  /** The current schema without hints for Java, as registries get it. */
  private final Schema published;

  private final Map<Long, SpecificDatumReader<T>> readers = new HashMap<>();

  /** By the schemas that registries gave. */
  private final Map<Schema, SpecificDatumReader<T>> registered = new ConcurrentHashMap<>();

  private RecordFormat(Class<T> type, List<Schema> furtherWriters) {
    this.type = type;
    Schema current = currentSchema(type);
    this.encoder = new BinaryMessageEncoder<>(DATA, current);
    List<Schema> writers = new ArrayList<>(frozenSchemas(type));
    published = writers.isEmpty() ? current : writers.get(writers.size() - 1);
    writers.add(current);
    writers.addAll(furtherWriters);
    for (Schema writer : writers) {
      readers.put(fingerprint(writer), new SpecificDatumReader<>(writer, current, DATA));
    }
  }

  /**
   * The format of one generated record type.
   *
   * @param furtherWriters schemas of later versions that are to be read too; what they add is
   *     dropped
   */
  public static <T extends SpecificRecord> RecordFormat<T> of(
      Class<T> type, Schema... furtherWriters) {
    return new RecordFormat<>(type, List.of(furtherWriters));
  }

  /** The schema that records of this type are written with. */
  static Schema currentSchema(Class<? extends SpecificRecord> type) {
    return SpecificData.get().getSchema(type);
  }

  /** All published schemas of this type, the oldest first. */
  static List<Schema> frozenSchemas(Class<? extends SpecificRecord> type) {
    List<Schema> frozen = new ArrayList<>();
    while (true) {
      String resource = "v" + (frozen.size() + 1) + "/" + type.getSimpleName() + ".avsc";
      try (InputStream in = RecordFormat.class.getResourceAsStream(resource)) {
        if (in == null) {
          return frozen;
        }
        frozen.add(new Schema.Parser().parse(in));
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read the frozen schema " + resource, e);
      }
    }
  }

  /** CRC-64-AVRO of the schema's parsing canonical form. */
  static long fingerprint(Schema schema) {
    return SchemaNormalization.parsingFingerprint64(schema);
  }

  /**
   * The record as bytes, for a topic.
   *
   * @throws AvroRuntimeException if a field that must be set is null
   * @throws SchemaRegistryException if the registry in use does not know the schema, and does not
   *     take it
   */
  public byte[] encode(T value) {
    byte[] alone = encodeAlone(value);
    Optional<SchemaRegistry> registry = SchemaRegistry.inUse();
    if (registry.isEmpty()) {
      return alone;
    }
    int bodyBytes = alone.length - HEADER_BYTES;
    return ByteBuffer.allocate(CONFLUENT_HEADER_BYTES + bodyBytes)
        .put(CONFLUENT)
        .putInt(registry.get().number(published.getFullName(), published))
        .put(alone, HEADER_BYTES, bodyBytes)
        .array();
  }

  /**
   * The record as bytes that can be read without a registry, whatever the process uses: for what is
   * kept elsewhere than in a topic that others read.
   *
   * @throws AvroRuntimeException if a field that must be set is null
   */
  public byte[] encodeAlone(T value) {
    try {
      ByteBuffer encoded = encoder.encode(value);
      return Arrays.copyOfRange(
          encoded.array(),
          encoded.arrayOffset() + encoded.position(),
          encoded.arrayOffset() + encoded.limit());
    } catch (IOException e) {
      throw new UncheckedIOException("Writing to memory failed", e);
    }
  }

  /**
   * The record in the bytes. Allocates no more than a small multiple of the bytes' length, whatever
   * lengths they claim.
   *
   * @param bytes value of a record of Kafka's, which may have none
   * @throws RecordFormatException if the bytes are not exactly one record that a known version of
   *     this type was written as, or null
   * @throws SchemaRegistryException if the registry in use does not answer
   */
  public T decode(byte @Nullable [] bytes) {
    if (bytes == null) {
      throw new RecordFormatException.WrongHeader(
          "Not a " + type.getSimpleName() + ": the record has no value");
    }
    if (bytes.length >= CONFLUENT_HEADER_BYTES && bytes[0] == CONFLUENT) {
      return read(
          registeredReader(ByteBuffer.wrap(bytes).getInt(1)), bytes, CONFLUENT_HEADER_BYTES);
    }
    ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < HEADER_BYTES || header.get(0) != (byte) 0xC3 || header.get(1) != 0x01) {
      throw new RecordFormatException.WrongHeader(
          "Not a "
              + type.getSimpleName()
              + ": "
              + bytes.length
              + " bytes that do not begin with C3 01 and a schema fingerprint (Avro single-object"
              + " encoding)");
    }
    long fingerprint = header.getLong(2);
    SpecificDatumReader<T> reader = readers.get(fingerprint);
    if (reader == null) {
      throw new RecordFormatException.UnknownSchema(
          "Not a known version of "
              + type.getSimpleName()
              + ": schema fingerprint "
              + String.format("%016x", fingerprint)
              + " (CRC-64-AVRO); upgrade this reader, or correct the producer",
          fingerprint);
    }
    return read(reader, bytes, HEADER_BYTES);
  }

  /** The reader of what was written with the schema that has a number in the registry. */
  private SpecificDatumReader<T> registeredReader(int number) {
    String name = type.getSimpleName();
    String what =
        "Not a %s: schema %s of Confluent's wire format"
            .formatted(name, Integer.toUnsignedString(number));
    SchemaRegistry registry =
        SchemaRegistry.inUse()
            .orElseThrow(
                () ->
                    new RecordFormatException.WrongHeader(
                        what
                            + " in place of C3 01 and a fingerprint, and no registry is set; name it"
                            + " in kafka."
                            + SchemaRegistry.URL));
    Schema writer =
        registry
            .schema(number)
            .orElseThrow(
                () ->
                    new RecordFormatException.UnknownSchema(
                        what + " is no Avro schema that the registry holds", number));
    SpecificDatumReader<T> reader = registered.get(writer);
    if (reader != null) {
      return reader;
    }
    if (!writer.getFullName().equals(published.getFullName())) {
      throw new RecordFormatException.UnknownSchema(
          what + " is of " + RegistryClient.oneLine(writer.getFullName()), number);
    }
    SchemaCompatibility.SchemaPairCompatibility pair =
        SchemaCompatibility.checkReaderWriterCompatibility(published, writer);
    if (pair.getType() != SchemaCompatibility.SchemaCompatibilityType.COMPATIBLE) {
      String why =
          pair.getResult().getIncompatibilities().stream()
              .map(one -> one.getType() + " at " + one.getLocation() + ", " + one.getMessage())
              .findFirst()
              .orElse("no reason given");
      throw new RecordFormatException.UnknownSchema(
          "%s is not compatible with this version's (%s); register one that is, or upgrade this reader"
              .formatted(what, RegistryClient.oneLine(why)),
          number);
    }
    reader = new SpecificDatumReader<>(writer, currentSchema(type), DATA);
    if (registered.size() >= MOST_READERS) {
      registered.clear();
    }
    registered.put(writer, reader);
    return reader;
  }

  private T read(SpecificDatumReader<T> reader, byte[] bytes, int headerBytes) {
    BinaryDecoder body =
        DecoderFactory.get().binaryDecoder(bytes, headerBytes, bytes.length - headerBytes, null);
    try {
      T value = reader.read(null, body);
      if (!body.isEnd()) {
        throw new IOException("bytes follow the record");
      }
      return value;
    } catch (IOException | RuntimeException e) {
      throw new RecordFormatException.MalformedBody(
          "Malformed " + type.getSimpleName() + " of " + bytes.length + " bytes: " + e, e);
    }
  }

  /** For Kafka clients and Streams; null values (tombstones) stay null. */
  public Serde<T> serde() {
    return Serdes.serdeFrom(
        (topic, value) -> value == null ? null : encode(value),
        (topic, bytes) -> bytes == null ? null : decode(bytes));
  }

  /**
   * Finds the generated classes of this package, and no class that a schema merely names; Avro
   * itself would want this package put on a list of trusted ones that is global to the JVM.
   */
  private static final class ContractData extends SpecificData {
    ContractData() {
      addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
    }

    @Override
    public Class<?> getClass(Schema schema) {
      if (schema.getType() != Schema.Type.RECORD && schema.getType() != Schema.Type.ENUM) {
        return super.getClass(schema);
      }
      String name = schema.getFullName();
      if (!RecordFormat.class.getPackageName().equals(schema.getNamespace())) {
        throw new AvroRuntimeException("Not a contract of Surprisal: " + name);
      }
      try {
        return Class.forName(name);
      } catch (ClassNotFoundException e) {
        throw new AvroRuntimeException("No class was generated for the contract " + name, e);
      }
    }
  }
}
