package io.surprisal.service.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import io.surprisal.schemas.SchemaRegistry;
import io.surprisal.schemas.SchemaRegistryException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Confluent's wire format in and out, and what a registry may do meanwhile. */
@Timeout(60)
class SchemaRegistryTest {
  private static final String SUBJECT = "io.surprisal.schemas.ImageEvent";
  private final RecordFormat<ImageEvent> format = RecordFormat.of(ImageEvent.class);
  private RegistryDouble registry;

  @BeforeEach
  void start() throws IOException {
    registry = new RegistryDouble();
    use(Map.of(SchemaRegistry.URL, registry.url() + "/"));
  }

  @AfterEach
  void stop() {
    use(Map.of());
    assertThat(registry.mistakes()).isEmpty();
    registry.close();
  }

  private static void use(Map<String, String> settings) {
    SchemaRegistry.use(settings);
  }

  private static ImageEvent image() {
    return new ImageEvent(
        "id", "camera", Instant.EPOCH, BodyFormat.GRAY8, 2, 1, ByteBuffer.wrap(new byte[] {7, 8}));
  }

  /** As a client in another language writes it. */
  private static byte[] confluent(int id, GenericRecord record) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
    encoder.flush();
    return out.toByteArray();
  }

  @Test
  void shouldWriteAndReadConfluentsWireFormatAndAskOnce() {
    byte[] bytes = format.encode(image());

    assertThat(registry.subjects()).containsExactly(SUBJECT);
    assertThat(Arrays.copyOf(bytes, 5)).containsExactly(0, 0, 0, 0, 1);
    byte[] alone = format.encodeAlone(image());
    assertThat(Arrays.copyOfRange(bytes, 5, bytes.length))
        .isEqualTo(Arrays.copyOfRange(alone, 10, alone.length));
    for (int i = 0; i < 100; i++) {
      assertThat(format.decode(bytes)).isEqualTo(image());
      assertThat(format.encode(image())).isEqualTo(bytes);
    }
    assertThat(registry.requests()).as("look-up, registration, schema").isEqualTo(3);
  }

  @Test
  void shouldReadBothFormatsWhicheverItWrites() {
    byte[] alone = format.encodeAlone(image());
    byte[] registered = format.encode(image());
    assertThat(format.decode(alone)).isEqualTo(image());
    use(Map.of());
    assertThat(format.decode(alone)).isEqualTo(image());
    assertThat(format.encode(image())).isEqualTo(alone);
    assertThatThrownBy(() -> format.decode(registered))
        .isInstanceOf(RecordFormatException.WrongHeader.class)
        .hasMessageContaining("schema 1 of Confluent's wire format")
        .hasMessageContaining("schema.registry.url");
  }

  /** Of a producer whose schema has a field more, and lacks one that has a default. */
  @Test
  void shouldReadWhatACompatibleSchemaOfAnotherWroteInItsOrder() throws IOException {
    Schema theirs =
        SchemaBuilder.record("ImageEvent")
            .namespace("io.surprisal.schemas")
            .fields()
            .requiredString("imageId")
            .requiredString("lens")
            .requiredString("source")
            .name("eventTime")
            .type(eventTime())
            .noDefault()
            .name("format")
            .type(field("format"))
            .noDefault()
            .requiredInt("width")
            .requiredInt("height")
            .requiredBytes("body")
            .endRecord();
    int id = registry.register("cameras-value", theirs);
    GenericRecord record =
        new GenericRecordBuilder(theirs)
            .set("imageId", "id")
            .set("lens", "f/8")
            .set("source", "camera")
            .set("eventTime", 0L)
            .set(
                "format",
                new org.apache.avro.generic.GenericData.EnumSymbol(field("format"), "GRAY8"))
            .set("width", 2)
            .set("height", 1)
            .set("body", ByteBuffer.wrap(new byte[] {7, 8}))
            .build();

    assertThat(format.decode(confluent(id, record))).isEqualTo(image());
  }

  private static Schema eventTime() {
    return field("eventTime");
  }

  private static Schema field(String name) {
    return ImageEvent.getClassSchema().getField(name).schema();
  }

  @Test
  void shouldRefuseSchemasThatAreUnknownOfOthersOrNotCompatible() throws IOException {
    Schema other =
        SchemaBuilder.record("Order").namespace("com.acme").fields().requiredInt("n").endRecord();
    Schema incompatible =
        SchemaBuilder.record("ImageEvent")
            .namespace("io.surprisal.schemas")
            .fields()
            .requiredInt("imageId")
            .endRecord();
    byte[] ofOther =
        confluent(
            registry.register("orders-value", other),
            new GenericRecordBuilder(other).set("n", 1).build());
    byte[] ofIncompatible =
        confluent(
            registry.register("cameras-value", incompatible),
            new GenericRecordBuilder(incompatible).set("imageId", 1).build());

    assertThatThrownBy(() -> format.decode(ofOther))
        .isInstanceOf(RecordFormatException.UnknownSchema.class)
        .hasMessageContaining("is of com.acme.Order");
    assertThatThrownBy(() -> format.decode(ofIncompatible))
        .isInstanceOf(RecordFormatException.UnknownSchema.class)
        .hasMessageContaining("is not compatible")
        .hasMessageContaining("register one that is, or upgrade this reader");
    int before = registry.requests();
    for (int i = 0; i < 50; i++) {
      assertThatThrownBy(() -> format.decode(new byte[] {0, -1, -1, -1, -1, 4}))
          .isInstanceOf(RecordFormatException.UnknownSchema.class)
          .hasMessageContaining("schema 4294967295 of Confluent's wire format");
    }
    assertThat(registry.requests()).as("that there is none is kept").isEqualTo(before + 1);
  }

  @Test
  void shouldSayThatRegisteredVersionsAreNotCompatibleWithWhatItWrites() {
    registry.register(
        SUBJECT,
        SchemaBuilder.record("ImageEvent")
            .namespace("io.surprisal.schemas")
            .fields()
            .requiredInt("imageId")
            .endRecord());

    assertThatThrownBy(() -> format.encode(image()))
        .isInstanceOf(SchemaRegistryException.class)
        .hasMessageContaining(SUBJECT)
        .hasMessageContaining("not compatible")
        .hasMessageContaining("set the subject's compatibility to BACKWARD or NONE");
  }

  @Test
  void shouldTryAgainWhereTheRegistryIsAwayForAMoment() {
    registry.fail(2);
    assertThat(format.decode(format.encode(image()))).isEqualTo(image());
  }

  @Test
  void shouldSayThatTheRegistryIsAwayAndNotThatTheRecordIsDamaged() {
    byte[] bytes = format.encode(image());
    registry.fail(1_000);
    Throwable thrown = catchThrowable(() -> RecordFormat.of(ControlCommand.class).decode(bytes));
    assertThat(thrown)
        .isInstanceOf(SchemaRegistryException.class)
        .isNotInstanceOf(RecordFormatException.class)
        .hasMessageContaining("the schema registry at " + registry.url())
        .hasMessageContaining("status 503")
        .hasMessageContaining("correct schema.registry.url");
  }

  @Test
  void shouldGiveTheUserOfTheSettingOrOfTheAddressAndNameNoPassword() {
    registry.ask("ada:pass word");
    assertThatThrownBy(() -> SchemaRegistry.inUse().orElseThrow().requireAnswer())
        .hasMessageContaining("schema.registry.basic.auth.user.info");
    use(Map.of(SchemaRegistry.URL, registry.url(), SchemaRegistry.USER_INFO, "ada:pass word"));
    SchemaRegistry.inUse().orElseThrow().requireAnswer();
    use(Map.of(SchemaRegistry.URL, registry.url().replace("//", "//ada:pass%20word@")));
    SchemaRegistry.inUse().orElseThrow().requireAnswer();
    assertThat(SchemaRegistry.inUse().orElseThrow().toString()).doesNotContain("pass");
  }

  @Test
  void shouldTakeNoAddressThatIsNone() {
    for (String address :
        new String[] {"", "localhost:8081", "ftp://host", "http://", "http://a b"}) {
      assertThatThrownBy(() -> use(Map.of(SchemaRegistry.URL, address)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("schema.registry.url");
    }
  }
}
