package io.surprisal.service.faults;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What the verifier notices, each fault in a stream that is well but for it: partition 0 has images
 * a, b, c, of which b alerts, and garbage; partition 1 is empty.
 */
class VerifierTest {

  private static final SingleObjects EVENTS = SingleObjects.of("ImageEvent");
  private static final SingleObjects SCORES = SingleObjects.of("ImageScore");
  private static final SingleObjects ALERTS = SingleObjects.of("AnomalyAlert");
  private static final int GARBAGE = 3;

  private final List<ConsumerRecord<byte[], byte[]>> images = new ArrayList<>();
  private final List<ConsumerRecord<byte[], byte[]>> scores = new ArrayList<>();
  private final List<ConsumerRecord<byte[], byte[]>> alerts = new ArrayList<>();
  private final List<ConsumerRecord<byte[], byte[]>> deadLetters = new ArrayList<>();
  private final Map<Integer, Long> groupOffsets = new TreeMap<>();
  private final List<Place> openTransactions = new ArrayList<>();

  @BeforeEach
  void answerAll() throws IOException {
    image("a");
    image("b");
    image("c");
    images.add(record("images", GARBAGE, "garbage".getBytes(UTF_8)));
    score("a", 0, "NORMAL");
    score("b", 1, "ALERT");
    score("c", 2, "NORMAL");
    alert("id-b", 1);
    deadLetter(GARBAGE, "garbage");
    groupOffsets.put(0, 4L);
  }

  @Test
  void shouldFindNothingWhereAllIsWell() {
    assertThat(faults()).isEmpty();
  }

  @Test
  void shouldCallAnImageWithoutANameByItsPlace() throws IOException {
    images.add(record("images", 4, encode(EVENTS, event(""))));
    score("images-0-4", 4, "UNCALIBRATED");
    groupOffsets.put(0, 5L);

    assertThat(faults()).isEmpty();
  }

  @Test
  void shouldFindImagesWithoutAnswer() {
    scores.remove(0);
    deadLetters.clear();

    assertThat(faults())
        .containsExactly(
            "image images-0@0 has no score and no dead letter",
            "image images-0@3 has no score and no dead letter");
  }

  @Test
  void shouldFindImagesWithTwoAnswers() throws IOException {
    score("a", 0, "NORMAL");
    deadLetters.add(letter(2, images.get(2).value()));

    assertThat(faults())
        .containsExactly(
            "image images-0@0 has 2 answers: score scores-0@0, score scores-0@3",
            "image images-0@2 has 2 answers: score scores-0@2, dead letter dead-letters-0@1");
  }

  @Test
  void shouldFindAnswersOfImagesThatDoNotExist() throws IOException {
    score("d", 9, "NORMAL");
    alert("id-d", 9);
    deadLetter(8, "garbage");

    assertThat(faults())
        .containsExactly(
            "score scores-0@3 is of image images-0@9, which does not exist",
            "dead letter dead-letters-0@1 is of image images-0@8, which does not exist",
            "alert alerts-0@1 is of image images-0@9, which does not exist");
  }

  @Test
  void shouldFindAnswersOfAnotherImageThanTheySay() throws IOException {
    scores.remove(0);
    score("z", 0, "NORMAL");
    deadLetters.clear();
    deadLetter(GARBAGE, "other garbage");

    assertThat(faults())
        .containsExactly(
            "score scores-0@2 is of image images-0@0, but calls it z, not a",
            "dead letter dead-letters-0@0 has other bytes than image images-0@3");
  }

  @Test
  void shouldFindAScoreOfGarbage() throws IOException {
    deadLetters.clear();
    score("garbage", GARBAGE, "NORMAL");

    assertThat(faults())
        .containsExactly(
            "score scores-0@3 is of image images-0@3, which is none: it does not begin as a record"
                + " of ImageEvent does");
  }

  @Test
  void shouldFindAlertsThatComeTwice() throws IOException {
    alert("id-b", 1);

    assertThat(faults())
        .containsExactly(
            "image images-0@1 has 2 alerts: [alerts-0@0, alerts-0@1]",
            "alert id id-b is there 2 times: [alerts-0@0, alerts-0@1]");
  }

  @Test
  void shouldFindAlertsWithoutReasonAndReasonsWithoutAlert() throws IOException {
    alerts.clear();
    alert("id-a", 0);

    assertThat(faults())
        .containsExactly(
            "alert alerts-0@0 is of image images-0@0, no score of which says ALERT",
            "score scores-0@1 says ALERT, but image images-0@1 has no alert");
  }

  @Test
  void shouldFindWhatCannotBeRead() {
    byte[] truncated = scores.get(0).value();
    scores.set(0, record("scores", 0, Arrays.copyOf(truncated, truncated.length - 1)));
    alerts.add(record("alerts", 1, null));
    deadLetters.add(record("dead-letters", 1, new byte[0]));

    assertThat(faults())
        .hasSize(4)
        .satisfiesExactly(
            score -> assertThat(score).startsWith("score scores-0@0 cannot be read:"),
            letter ->
                assertThat(letter)
                    .startsWith("dead letter dead-letters-0@1 does not say which image it is of"),
            image ->
                assertThat(image).isEqualTo("image images-0@0 has no score and no dead letter"),
            alert -> assertThat(alert).startsWith("alert alerts-0@1 cannot be read:"));
  }

  @Test
  void shouldFindAGroupThatIsNotAtTheEnd() {
    groupOffsets.put(0, 3L);
    assertThat(faults())
        .containsExactly("the group is at offset 3 of partition 0, which ends at 4");

    groupOffsets.clear();
    assertThat(faults()).containsExactly("the group has no offset of partition 0, which ends at 4");
  }

  @Test
  void shouldFindHolesInTheImages() {
    images.remove(1);

    assertThat(faults()).contains("offsets 1 to 1 before image images-0@2 hold no image");
  }

  @Test
  void shouldFindOpenTransactions() {
    openTransactions.add(new Place("scores", 0, 3));

    assertThat(faults()).containsExactly("a transaction is open from scores-0@3 on");
  }

  @Test
  void shouldShareNoCodeWithWhatItJudges() {
    String own = VerifierTest.class.getPackageName();
    noClasses()
        .that()
        .resideInAPackage(own)
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are Surprisal's",
                (JavaClass other) ->
                    other.getPackageName().startsWith("io.surprisal")
                        && !other.getPackageName().equals(own)))
        .check(new ClassFileImporter().importPackages(own));
  }

  private List<String> faults() {
    return Verifier.faults(
        new Ledger(
            images,
            scores,
            alerts,
            deadLetters,
            Map.of(0, images.get(images.size() - 1).offset() + 1, 1, 0L),
            groupOffsets,
            openTransactions));
  }

  private void image(String name) throws IOException {
    images.add(record("images", images.size(), encode(EVENTS, event(name))));
  }

  private static GenericRecord event(String name) {
    return new GenericRecordBuilder(EVENTS.schema())
        .set("imageId", name)
        .set("source", "camera")
        .set("eventTime", 0L)
        .set("format", symbol(EVENTS, "format", "GRAY8"))
        .set("body", ByteBuffer.allocate(0))
        .build();
  }

  private void score(String name, long image, String verdict) throws IOException {
    GenericRecord score = common(SCORES, name, image);
    for (String term : List.of("prior", "diffusion", "reconstruction")) {
      score.put(term, 0.0);
    }
    score.put("noiseLevels", List.of());
    score.put("squaredErrors", List.of());
    score.put("repairs", List.of());
    score.put("verdict", symbol(SCORES, "verdict", verdict));
    scores.add(record("scores", scores.size(), encode(SCORES, score)));
  }

  private void alert(String alertId, long image) throws IOException {
    GenericRecord alert = common(ALERTS, "any", image);
    alert.put("alertId", alertId);
    alert.put("incidentId", alertId);
    alert.put("reasons", List.of());
    alert.put("alertRate", 0.01);
    alert.put("boxes", List.of());
    alert.put("repairs", List.of());
    alerts.add(record("alerts", alerts.size(), encode(ALERTS, alert)));
  }

  /** What scores and alerts have in common. */
  private static GenericRecord common(SingleObjects format, String name, long image) {
    GenericRecord record = new GenericData.Record(format.schema());
    record.put("imageId", name);
    record.put("source", "camera");
    record.put("eventTime", 0L);
    record.put("releaseId", "release");
    record.put("precision", "float32");
    record.put("bitsPerDim", 1.0);
    record.put("standardError", 0.0);
    record.put("evaluations", 1);
    GenericRecord location = new GenericData.Record(format.schema().getField("location").schema());
    location.put("topic", "images");
    location.put("partition", 0);
    location.put("offset", image);
    record.put("location", location);
    return record;
  }

  private static GenericData.EnumSymbol symbol(SingleObjects format, String field, String symbol) {
    Schema schema = format.schema().getField(field).schema();
    return new GenericData.EnumSymbol(schema, symbol);
  }

  private void deadLetter(long image, String value) {
    deadLetters.add(letter(image, value.getBytes(UTF_8)));
  }

  private ConsumerRecord<byte[], byte[]> letter(long image, byte[] value) {
    ConsumerRecord<byte[], byte[]> letter = record("dead-letters", deadLetters.size(), value);
    letter.headers().add("surprisal.topic", "images".getBytes(UTF_8));
    letter.headers().add("surprisal.partition", "0".getBytes(UTF_8));
    letter.headers().add("surprisal.offset", String.valueOf(image).getBytes(UTF_8));
    return letter;
  }

  private static ConsumerRecord<byte[], byte[]> record(String topic, long offset, byte[] value) {
    return new ConsumerRecord<>(topic, 0, offset, null, value);
  }

  private static byte[] encode(SingleObjects format, GenericRecord record) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(format.header());
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(format.schema()).write(record, encoder);
    return bytes.toByteArray();
  }
}
