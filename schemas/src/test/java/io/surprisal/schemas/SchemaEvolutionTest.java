package io.surprisal.schemas;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Contracts change by Avro's rules only, in both directions.
 *
 * <p>To change a contract: edit its .avsc so that both directions stay compatible, put a copy of
 * the result as {@code vN/TYPE.avsc} beside the frozen ones, and pin its fingerprint here.
 */
class SchemaEvolutionTest {

  /** CRC-64-AVRO of every schema that was ever published, in the order of their versions. */
  private static final Map<Class<?>, List<Long>> PUBLISHED =
      Map.ofEntries(
          entry(ImageEvent.class, List.of(0xc746228a783aa849L, 0x92c1d9c43dd798fdL)),
          entry(
              ImageScore.class,
              List.of(
                  0x0b8a18a67c868917L,
                  0x0503336ff50ab349L,
                  0xfa6b42dd6431efb3L,
                  0xa5530f3cc403d40aL,
                  0x479e6977d7921d3dL)),
          entry(
              AnomalyAlert.class,
              List.of(
                  0xe0483c56c393cf1cL,
                  0x750872b62e7fa649L,
                  0x1c89c7ebc54360d5L,
                  0xb7860125ff35fee3L,
                  0xc1d2005898ab023fL)),
          entry(
              ControlCommand.class,
              List.of(0x3e418f480c4664baL, 0x1b27458e9751a0beL, 0x8540fdcd9baea93aL)),
          entry(
              ReleaseAnnouncement.class,
              List.of(
                  0xaddf7f45e88b381dL,
                  0x2bf17c89fbaaa57cL,
                  0xe6a083e9999bf80bL,
                  0x6a6b422c24bfac8eL)),
          entry(
              TrainerEvent.class,
              List.of(
                  0x3433fc0e21833293L,
                  0xfe93471bc5856e59L,
                  0x6bf8c56b06e826d9L,
                  0x11c6230495cfda15L)),
          entry(
              SourceStatistics.class,
              List.of(0xd84d3c1d00d2eda9L, 0xc525fd97bc46178bL, 0x133df4dff81fafa1L)),
          entry(SourceAlert.class, List.of(0xca2b543de94cb20dL)),
          entry(SourceStatus.class, List.of(0x9e39d5af384dca37L)),
          entry(AlertReview.class, List.of(0xad544f334b36a5b4L)),
          entry(AlertIncident.class, List.of(0xc5835d0f38fe29dbL)));

  static Stream<Class<? extends SpecificRecord>> types() {
    return RecordTypes.all();
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldNeverChangeAPublishedSchema(Class<? extends SpecificRecord> type) {
    assertThat(RecordFormat.frozenSchemas(type))
        .extracting(RecordFormat::fingerprint)
        .containsExactlyElementsOf(PUBLISHED.get(type));
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldFreezeEveryChange(Class<? extends SpecificRecord> type) {
    List<Schema> frozen = RecordFormat.frozenSchemas(type);

    // Schema.equals compares names, types, symbols and defaults, not the documentation.
    assertThat(withoutJavaHints(RecordFormat.currentSchema(type)))
        .isEqualTo(frozen.get(frozen.size() - 1));
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldBeCompatibleWithEveryPublishedSchemaInBothDirections(
      Class<? extends SpecificRecord> type) {
    Schema current = RecordFormat.currentSchema(type);
    for (Schema frozen : RecordFormat.frozenSchemas(type)) {
      assertThat(compatibility(current, frozen)).isEqualTo(SchemaCompatibilityType.COMPATIBLE);
      assertThat(compatibility(frozen, current)).isEqualTo(SchemaCompatibilityType.COMPATIBLE);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldReadEveryPublishedWriterAndBeReadByEveryPublishedReader(
      Class<? extends SpecificRecord> type) throws Exception {
    for (Schema frozen : RecordFormat.frozenSchemas(type)) {
      GenericRecord old = RecordTypes.records(frozen).sample();
      byte[] fromOldWriter = SingleObject.encode(old);

      byte[] fromNewWriter = reencode(type, fromOldWriter);

      GenericRecord atOldReader =
          new GenericDatumReader<GenericRecord>(RecordFormat.currentSchema(type), frozen)
              .read(
                  null,
                  DecoderFactory.get()
                      .binaryDecoder(fromNewWriter, 10, fromNewWriter.length - 10, null));
      assertThat(SingleObject.encode(atOldReader)).isEqualTo(fromOldWriter);
    }
  }

  private static <T extends SpecificRecord> byte[] reencode(Class<T> type, byte[] bytes) {
    RecordFormat<T> format = RecordFormat.of(type);
    return format.encode(format.decode(bytes));
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldLetAnOldReaderSurviveANewField(Class<? extends SpecificRecord> type) {
    Schema later = withFieldAdded(RecordFormat.currentSchema(type));
    byte[] fromLaterWriter = SingleObject.encode(RecordTypes.records(later).sample());

    assertThatThrownBy(() -> RecordFormat.of(type).decode(fromLaterWriter))
        .isInstanceOf(RecordFormatException.UnknownSchema.class);
    assertThat(RecordFormat.of(type, later).decode(fromLaterWriter)).isInstanceOf(type);
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldLetALaterReaderReadTodaysRecords(Class<? extends SpecificRecord> type)
      throws Exception {
    Schema current = RecordFormat.currentSchema(type);
    Schema later = withFieldAdded(current);
    byte[] bytes = SingleObject.encode(RecordTypes.records(current).sample());

    GenericRecord read =
        new GenericDatumReader<GenericRecord>(current, later)
            .read(null, DecoderFactory.get().binaryDecoder(bytes, 10, bytes.length - 10, null));

    assertThat(read.get("addedLater")).isEqualTo(7);
  }

  @Test
  void shouldReadAnEnumSymbolOfALaterVersionAsUnknown() {
    Schema later =
        new Schema.Parser()
            .parse(
                RecordFormat.currentSchema(ImageEvent.class)
                    .toString()
                    .replace("\"FILE\"]", "\"FILE\",\"WEBP\"]"));
    GenericRecord event = RecordTypes.records(later).sample();
    event.put("format", new GenericData.EnumSymbol(later.getField("format").schema(), "WEBP"));

    ImageEvent read = RecordFormat.of(ImageEvent.class, later).decode(SingleObject.encode(event));

    assertThat(read.getFormat()).isEqualTo(BodyFormat.UNKNOWN);
    assertThat(read.getBody()).isEqualTo(event.get("body"));
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldNotTakeAnIncompatibleChangeForCompatible(Class<? extends SpecificRecord> type) {
    Schema current = RecordFormat.currentSchema(type);
    Schema withoutDefault = withFieldAdded(current, null);

    assertThat(compatibility(withoutDefault, current))
        .isEqualTo(SchemaCompatibilityType.INCOMPATIBLE);
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldDocumentEveryFieldAndGiveEveryEnumADefault(Class<? extends SpecificRecord> type) {
    assertDocumented(RecordFormat.currentSchema(type));
  }

  private static void assertDocumented(Schema schema) {
    switch (schema.getType()) {
      case RECORD -> {
        assertThat(schema.getDoc()).as(schema.getFullName()).isNotBlank();
        for (Schema.Field field : schema.getFields()) {
          assertThat(field.doc()).as(schema.getName() + "." + field.name()).isNotBlank();
          assertDocumented(field.schema());
        }
      }
      case ENUM -> {
        assertThat(schema.getDoc()).as(schema.getFullName()).isNotBlank();
        assertThat(schema.getEnumDefault()).as(schema.getFullName()).isEqualTo("UNKNOWN");
      }
      case ARRAY -> assertDocumented(schema.getElementType());
      default -> {}
    }
  }

  private static Schema withFieldAdded(Schema schema) {
    return withFieldAdded(schema, 7);
  }

  private static Schema withFieldAdded(Schema schema, Object defaultValue) {
    List<Schema.Field> fields =
        Stream.concat(
                Stream.of(
                    new Schema.Field(
                        "addedLater", Schema.create(Schema.Type.INT), "", defaultValue)),
                schema.getFields().stream().map(field -> new Schema.Field(field, field.schema())))
            .toList();
    return Schema.createRecord(
        schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
  }

  private static SchemaCompatibilityType compatibility(Schema reader, Schema writer) {
    return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType();
  }

  private static Schema withoutJavaHints(Schema schema) {
    return new Schema.Parser()
        .parse(
            schema
                .toString()
                .replace("{\"type\":\"string\",\"avro.java.string\":\"String\"}", "\"string\""));
  }
}
