package io.surprisal.schemas;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.specific.SpecificRecord;

/** The record type of every topic, and arbitrary values of any schema. */
final class RecordTypes {

  private RecordTypes() {}

  static Stream<Class<? extends SpecificRecord>> all() {
    return Stream.of(
        ImageEvent.class,
        ImageScore.class,
        AnomalyAlert.class,
        ControlCommand.class,
        ReleaseAnnouncement.class,
        TrainerEvent.class,
        SourceStatistics.class,
        SourceAlert.class,
        SourceStatus.class,
        AlertReview.class,
        AlertIncident.class);
  }

  /** Any record of the schema, NaN and extremes included. */
  static Arbitrary<GenericRecord> records(Schema schema) {
    List<Arbitrary<Object>> fields =
        schema.getFields().stream().map(field -> values(field.schema())).toList();
    return Combinators.combine(fields)
        .as(
            values -> {
              GenericRecord made = new GenericData.Record(schema);
              for (int i = 0; i < values.size(); i++) {
                made.put(i, values.get(i));
              }
              return made;
            });
  }

  private static Arbitrary<Object> values(Schema schema) {
    return switch (schema.getType()) {
      case RECORD -> records(schema).asGeneric();
      case ENUM ->
          Arbitraries.of(schema.getEnumSymbols())
              .map(symbol -> new GenericData.EnumSymbol(schema, symbol));
      case ARRAY -> values(schema.getElementType()).list().ofMaxSize(20).asGeneric();
      case UNION -> Arbitraries.of(schema.getTypes()).flatMap(RecordTypes::values);
      case STRING -> Arbitraries.strings().ofMaxLength(40).asGeneric();
      case BYTES -> Arbitraries.bytes().array(byte[].class).ofMaxSize(200).map(ByteBuffer::wrap);
      case INT -> Arbitraries.integers().asGeneric();
      case LONG -> Arbitraries.longs().asGeneric();
      case FLOAT -> Arbitraries.floats().withStandardSpecialValues().asGeneric();
      case DOUBLE -> Arbitraries.doubles().withStandardSpecialValues().asGeneric();
      case BOOLEAN -> Arbitraries.of(true, false).asGeneric();
      case NULL -> Arbitraries.just(null);
      default -> throw new IllegalArgumentException("No contract uses " + schema.getType());
    };
  }
}
