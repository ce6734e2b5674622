package io.surprisal.service.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.SchemaParser;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Records of one schema in Avro's single-object encoding (bytes C3 01, the CRC-64-AVRO fingerprint
 * of the schema in little-endian order, the record), by the schema files alone.
 */
final class SingleObjects {

  private static final Path SCHEMAS = Path.of("..", "schemas", "src", "main", "avro");
  private static final Path FROZEN =
      Path.of("..", "schemas", "src", "main", "resources", "io", "surprisal", "schemas");
  private static final int HEADER_BYTES = 10;

  /** Where scorers of an earlier version take part. */
  private static final boolean EARLIER_TOO = System.getProperty("surprisal.before") != null;

  private final Schema schema;

  /** Those that records may be written by: the schema, and where asked for its frozen ones. */
  private final List<Schema> written;

  private SingleObjects(Schema schema) {
    this.schema = schema;
    List<Schema> all = new ArrayList<>(List.of(schema));
    if (EARLIER_TOO) {
      all.addAll(frozen(schema.getName()));
    }
    written = List.copyOf(all);
  }

  private static List<Schema> frozen(String record) {
    try (Stream<Path> files = Files.walk(FROZEN)) {
      List<Schema> schemas = new ArrayList<>();
      for (Path file : files.filter(path -> path.endsWith(record + ".avsc")).sorted().toList()) {
        schemas.add(new SchemaParser().parse(file).mainSchema());
      }
      return schemas;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the schemas in " + FROZEN.toAbsolutePath(), e);
    }
  }

  /**
   * @param record name of a record, which is that of its file
   */
  static SingleObjects of(String record) {
    SchemaParser parser = new SchemaParser();
    try (Stream<Path> files = Files.list(SCHEMAS)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".avsc")).sorted().toList()) {
        parser.parse(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the schemas in " + SCHEMAS.toAbsolutePath(), e);
    }
    List<Schema> found =
        parser.getParsedNamedSchemas().stream()
            .filter(schema -> schema.getName().equals(record))
            .toList();
    if (found.size() != 1) {
      throw new IllegalStateException(found.size() + " schemas are called " + record);
    }
    return new SingleObjects(found.get(0));
  }

  Schema schema() {
    return schema;
  }

  /** The ten bytes that every record of the schema begins with. */
  byte[] header() {
    return header(schema);
  }

  private static byte[] header(Schema schema) {
    return ByteBuffer.allocate(HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) 0xC3)
        .put((byte) 1)
        .putLong(SchemaNormalization.parsingFingerprint64(schema))
        .array();
  }

  /**
   * @throws IOException if the bytes are no such record; says why
   */
  GenericRecord decode(byte[] value) throws IOException {
    Schema writer =
        written.stream()
            .filter(one -> value != null && value.length >= HEADER_BYTES)
            .filter(
                one -> ByteBuffer.wrap(value, 0, HEADER_BYTES).equals(ByteBuffer.wrap(header(one))))
            .findFirst()
            .orElseThrow(
                () ->
                    new IOException(
                        "it does not begin as a record of " + schema.getName() + " does"));
    BinaryDecoder decoder =
        DecoderFactory.get().binaryDecoder(value, HEADER_BYTES, value.length - HEADER_BYTES, null);
    GenericRecord record;
    try {
      record = new GenericDatumReader<GenericRecord>(writer, schema).read(null, decoder);
    } catch (AvroRuntimeException | IllegalArgumentException e) {
      throw new IOException("it is no record of " + schema.getName() + ": " + e.getMessage(), e);
    }
    if (!decoder.isEnd()) {
      throw new IOException("something stands behind the record of " + schema.getName());
    }
    return record;
  }
}
