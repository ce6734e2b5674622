package io.surprisal.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RecordFormatTest {

  private static final RecordFormat<ImageEvent> IMAGES = RecordFormat.of(ImageEvent.class);

  static Stream<Class<? extends SpecificRecord>> types() {
    return RecordTypes.all();
  }

  @Provide
  Arbitrary<GenericRecord> anyRecord() {
    List<Class<? extends SpecificRecord>> types = RecordTypes.all().toList();
    return Arbitraries.of(types)
        .flatMap(type -> RecordTypes.records(RecordFormat.currentSchema(type)));
  }

  @Property(tries = 500, seed = "20107006301")
  void shouldRoundTripEveryRecord(@ForAll("anyRecord") GenericRecord record) {
    byte[] written = SingleObject.encode(record);

    roundTrip(formatOf(record.getSchema().getName()), written);
  }

  private static <T extends SpecificRecord> void roundTrip(RecordFormat<T> format, byte[] written) {
    assertThat(format.encode(format.decode(written))).isEqualTo(written);
  }

  private static RecordFormat<? extends SpecificRecord> formatOf(String name) {
    return RecordTypes.all()
        .filter(type -> type.getSimpleName().equals(name))
        .findFirst()
        .<RecordFormat<? extends SpecificRecord>>map(RecordFormat::of)
        .orElseThrow();
  }

  @Test
  void shouldBeginWithTheMarkerAndTheFingerprintInLittleEndian() {
    // The fingerprint of version 2 is pinned as 92c1d9c43dd798fd in SchemaEvolutionTest.
    assertThat(HexFormat.of().formatHex(IMAGES.encode(image()), 0, 10))
        .isEqualTo("c301fd98d73dc4d9c192");
  }

  @ParameterizedTest
  @MethodSource("types")
  <T extends SpecificRecord> void shouldRejectEveryPrefix(Class<T> type) {
    RecordFormat<T> format = RecordFormat.of(type);
    byte[] whole = SingleObject.encode(sample(type));

    for (int length = 0; length < whole.length; length++) {
      Throwable thrown = decodeFailure(format, Arrays.copyOf(whole, length));
      assertThat(thrown)
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(
              length < 10
                  ? RecordFormatException.WrongHeader.class
                  : RecordFormatException.MalformedBody.class);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  <T extends SpecificRecord> void shouldRejectBytesAfterTheRecord(Class<T> type) {
    byte[] whole = SingleObject.encode(sample(type));

    assertThat(decodeFailure(RecordFormat.of(type), Arrays.copyOf(whole, whole.length + 1)))
        .isInstanceOf(RecordFormatException.MalformedBody.class)
        .hasMessageContaining("bytes follow the record");
  }

  @Test
  void shouldRejectARecordWithoutAValue() {
    assertThatThrownBy(() -> RecordFormat.of(ImageScore.class).decode(null))
        .isInstanceOf(RecordFormatException.WrongHeader.class)
        .hasMessageContaining("no value");
  }

  @Test
  void shouldRejectAWrongHeader() {
    byte[] bytes = IMAGES.encode(image());
    bytes[0] = 0;

    assertThatThrownBy(() -> IMAGES.decode(bytes))
        .isInstanceOf(RecordFormatException.WrongHeader.class)
        .hasMessageContaining("ImageEvent")
        .hasMessageContaining("C3 01");
  }

  @Test
  void shouldNameTheFingerprintOfAnUnknownSchema() {
    byte[] bytes = IMAGES.encode(image());
    for (int i = 2; i < 10; i++) {
      bytes[i] = (byte) i;
    }

    assertThatThrownBy(() -> IMAGES.decode(bytes))
        .hasMessageContaining("0908070605040302")
        .isInstanceOfSatisfying(
            RecordFormatException.UnknownSchema.class,
            e -> assertThat(e.fingerprint()).isEqualTo(0x0908070605040302L));
  }

  @Test
  void shouldRejectARecordOfAnotherTopic() {
    byte[] command = SingleObject.encode(sample(ControlCommand.class));

    assertThatThrownBy(() -> IMAGES.decode(command))
        .isInstanceOf(RecordFormatException.UnknownSchema.class);
  }

  @Property(tries = 2000, seed = "20107006302")
  void shouldThrowNothingElseOnGarbageAfterAValidHeader(@ForAll byte[] garbage) {
    byte[] header = SingleObject.header(RecordFormat.currentSchema(ImageScore.class));
    byte[] bytes = Arrays.copyOf(header, header.length + garbage.length);
    System.arraycopy(garbage, 0, bytes, header.length, garbage.length);

    Throwable thrown = catchThrowable(() -> RecordFormat.of(ImageScore.class).decode(bytes));

    if (thrown != null) {
      assertThat(thrown).isInstanceOf(RecordFormatException.MalformedBody.class);
    }
  }

  @ParameterizedTest
  @MethodSource("hostileLengths")
  void shouldRefuseAHostileBytesLengthWithoutAllocatingIt(long claimed) throws IOException {
    byte[] bytes =
        body(
            ImageEvent.class,
            encoder -> {
              encoder.writeString("id");
              encoder.writeString("camera");
              encoder.writeLong(0);
              encoder.writeEnum(1);
              encoder.writeInt(0);
              encoder.writeInt(0);
              encoder.writeLong(claimed);
              encoder.writeFixed(new byte[100]);
            });

    assertRefusedCheaply(IMAGES, bytes);
  }

  @ParameterizedTest
  @MethodSource("hostileLengths")
  void shouldRefuseAHostileStringLengthWithoutAllocatingIt(long claimed) throws IOException {
    byte[] bytes =
        body(
            ImageEvent.class,
            encoder -> {
              encoder.writeLong(claimed);
              encoder.writeFixed(new byte[100]);
            });

    assertRefusedCheaply(IMAGES, bytes);
  }

  @ParameterizedTest
  @MethodSource("hostileLengths")
  void shouldRefuseAHostileArrayLengthWithoutAllocatingIt(long claimed) throws IOException {
    byte[] bytes =
        body(
            ImageScore.class,
            encoder -> {
              encoder.writeString("id");
              encoder.writeString("camera");
              encoder.writeLong(0);
              encoder.writeString("release");
              encoder.writeString("float32");
              for (int i = 0; i < 5; i++) {
                encoder.writeDouble(1);
              }
              encoder.writeLong(claimed);
              encoder.writeFixed(new byte[100]);
            });

    assertRefusedCheaply(RecordFormat.of(ImageScore.class), bytes);
  }

  @ParameterizedTest
  @MethodSource("hostileLengths")
  void shouldRefuseAHostileArrayOfEnumsWithoutAllocatingIt(long claimed) throws IOException {
    byte[] bytes =
        body(
            AnomalyAlert.class,
            encoder -> {
              encoder.writeString("alert");
              encoder.writeString("incident");
              encoder.writeLong(claimed);
              encoder.writeFixed(new byte[100]);
            });

    assertRefusedCheaply(RecordFormat.of(AnomalyAlert.class), bytes);
  }

  static Stream<Long> hostileLengths() {
    return Stream.of(
        50_000_000L,
        2_000_000_000L,
        Integer.MAX_VALUE - 8L,
        (long) Integer.MAX_VALUE,
        1L << 40,
        Long.MAX_VALUE,
        -2_000_000_000L,
        Long.MIN_VALUE);
  }

  @Test
  void shouldPassTombstonesThroughTheSerde() {
    try (Serde<ReleaseAnnouncement> serde = RecordFormat.of(ReleaseAnnouncement.class).serde()) {
      assertThat(serde.serializer().serialize("releases", null)).isNull();
      assertThat(serde.deserializer().deserialize("releases", null)).isNull();
    }
  }

  @Test
  void shouldRoundTripThroughTheSerde() {
    try (Serde<ImageEvent> serde = IMAGES.serde()) {
      byte[] bytes = serde.serializer().serialize("images", image());
      assertThat(serde.deserializer().deserialize("images", bytes)).isEqualTo(image());
    }
  }

  /** Refused with the typed error, and with at most 4 MiB allocated by this thread on the way. */
  private static void assertRefusedCheaply(RecordFormat<?> format, byte[] bytes) {
    assertThat(decodeFailure(format, bytes)) // loads what the measured call needs
        .isInstanceOf(RecordFormatException.MalformedBody.class);
    var threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    decodeFailure(format, bytes);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4 << 20);
  }

  private static Throwable decodeFailure(RecordFormat<?> format, byte[] bytes) {
    return catchThrowable(() -> format.decode(bytes));
  }

  private interface Body {
    void write(BinaryEncoder encoder) throws IOException;
  }

  private static byte[] body(Class<? extends SpecificRecord> type, Body body) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(SingleObject.header(RecordFormat.currentSchema(type)));
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    body.write(encoder);
    encoder.flush();
    return out.toByteArray();
  }

  private static GenericRecord sample(Class<? extends SpecificRecord> type) {
    return RecordTypes.records(RecordFormat.currentSchema(type)).sample();
  }

  static ImageEvent image() {
    return ImageEvent.newBuilder()
        .setImageId("42")
        .setSource("line-3")
        .setEventTime(Instant.parse("2026-01-02T03:04:05.678Z"))
        .setFormat(BodyFormat.GRAY8)
        .setWidth(2)
        .setHeight(1)
        .setBody(ByteBuffer.wrap(new byte[] {0, (byte) 255}))
        .build();
  }
}
