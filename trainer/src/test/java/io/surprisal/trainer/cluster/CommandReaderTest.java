package io.surprisal.trainer.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.handover.Ed25519;
import io.surprisal.handover.Seal;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.schemas.CommandHeaders;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandReaderTest {
  private static final RecordFormat<ControlCommand> FORMAT = RecordFormat.of(ControlCommand.class);
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Duration EXPIRY = Duration.ofHours(1);
  private static final String RELEASE = "ab".repeat(32);
  private static final KeyPair KEYS = Ed25519.newKeys();

  private static final CommandReader TRUSTING =
      new CommandReader(cluster(TrustedKeys.NOBODY_ASKED));
  private static final CommandReader GUARDED =
      new CommandReader(cluster(TrustedKeys.of(Ed25519.newKeys().getPublic(), KEYS.getPublic())));

  private static ClusterSettings cluster(TrustedKeys commanders) {
    return new ClusterSettings(
        "cluster", new Topics("surprisal."), Map.of(), "group", "member", commanders, EXPIRY);
  }

  private static ControlCommand.Builder command(CommandType type) {
    return ControlCommand.newBuilder().setCommandId("c1").setType(type).setRequestedAt(NOW);
  }

  /** A command of a type with the fields that it needs. */
  private static ControlCommand.Builder whole(CommandType type) {
    return command(type)
        .setReleaseId(type == CommandType.PROMOTE || type == CommandType.CANARY ? RELEASE : null)
        .setAlertRate(type == CommandType.SET_ALERT_RATE ? 0.01 : null);
  }

  private static ConsumerRecord<byte[], byte[]> record(byte[] value) {
    return new ConsumerRecord<>(
        "surprisal.control", 0, 7, "key".getBytes(StandardCharsets.UTF_8), value);
  }

  private static ConsumerRecord<byte[], byte[]> signed(byte[] value, byte[] signature) {
    ConsumerRecord<byte[], byte[]> record = record(value);
    record.headers().add(CommandHeaders.SIGNATURE, signature);
    return record;
  }

  private static Optional<String> objection(
      CommandReader reader, ConsumerRecord<byte[], byte[]> record) {
    return reader.objection(record, CommandReader.decode(record).orElseThrow(), NOW);
  }

  private static Optional<String> objection(ControlCommand.Builder command) {
    return objection(TRUSTING, record(FORMAT.encode(command.build())));
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNKNOWN")
  void shouldHaveNothingAgainstAWholeCommand(CommandType type) {
    assertThat(objection(whole(type))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      names = {"PROMOTE", "CANARY"},
      mode = EnumSource.Mode.EXCLUDE)
  void shouldObjectToAReleaseThatTheTypeDoesNotTake(CommandType type) {
    assertThat(objection(whole(type).setReleaseId(RELEASE)).orElseThrow())
        .contains(type == CommandType.UNKNOWN ? "does not know" : type + " names a releaseId");
  }

  @ParameterizedTest
  @EnumSource(
      names = {"SET_ALERT_RATE", "UNKNOWN"},
      mode = EnumSource.Mode.EXCLUDE)
  void shouldObjectToAnAlertRateThatTheTypeDoesNotTake(CommandType type) {
    assertThat(objection(whole(type).setAlertRate(0.01)).orElseThrow())
        .contains(type + " names an alertRate");
  }

  @Test
  void shouldObjectToWhatLacks() {
    assertThat(objection(command(CommandType.PROMOTE))).hasValue("PROMOTE names no releaseId");
    assertThat(objection(command(CommandType.SET_ALERT_RATE)))
        .hasValue("SET_ALERT_RATE names no alertRate");
    assertThat(objection(command(CommandType.UNKNOWN)).orElseThrow()).contains("upgrade");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, -0.1, 1.5, Double.NaN, Double.POSITIVE_INFINITY})
  void shouldObjectToImpossibleAlertRates(double rate) {
    assertThat(objection(command(CommandType.SET_ALERT_RATE).setAlertRate(rate)))
        .hasValue("alertRate is " + rate + ", must be within (0, 1)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, 10_080.5, Double.NaN, Double.POSITIVE_INFINITY})
  void shouldObjectToImpossibleBudgets(double minutes) {
    assertThat(objection(command(CommandType.RETRAIN).setMinutes(minutes)).orElseThrow())
        .startsWith("minutes is " + minutes);
    assertThat(objection(command(CommandType.RETRAIN).setMinutes(10_080.0))).isEmpty();
  }

  @Test
  void shouldObjectToIdsThatAreEmptyOrLong() {
    assertThat(objection(whole(CommandType.PAUSE).setCommandId(""))).isPresent();
    assertThat(objection(whole(CommandType.PAUSE).setCommandId("x".repeat(256)))).isEmpty();
    assertThat(objection(whole(CommandType.PAUSE).setCommandId("ä".repeat(129))))
        .hasValue("commandId has 258 bytes, must have 1 to 256");
  }

  @Test
  void shouldTakeACommandForAsLongAsItLives() {
    assertThat(objection(whole(CommandType.PAUSE).setRequestedAt(NOW.minus(EXPIRY)))).isEmpty();
    assertThat(objection(whole(CommandType.PAUSE).setRequestedAt(NOW.minus(EXPIRY).minusMillis(1))))
        .hasValueSatisfying(objection -> assertThat(objection).contains("send it again"));
    assertThat(objection(whole(CommandType.PAUSE).setRequestedAt(Instant.ofEpochMilli(0))))
        .isPresent();
  }

  @Test
  void shouldAllowForClocksThatDifferByFiveMinutes() {
    Instant ahead = NOW.plus(Duration.ofMinutes(5));
    assertThat(objection(whole(CommandType.PAUSE).setRequestedAt(ahead))).isEmpty();
    assertThat(objection(whole(CommandType.PAUSE).setRequestedAt(ahead.plusMillis(1))))
        .hasValueSatisfying(objection -> assertThat(objection).contains("yet to come"));
  }

  /** As a sender seals it for a place, read in the control topic of this cluster. */
  private static ConsumerRecord<byte[], byte[]> sealed(
      byte[] value, String cluster, String topic, Instant expires) {
    byte[] key = "key".getBytes(StandardCharsets.UTF_8);
    ProducerRecord<byte[], byte[]> sent = new ProducerRecord<>(topic, key, value);
    Seal.COMMAND.put(sent, cluster, expires.toEpochMilli(), KEYS.getPrivate());
    ConsumerRecord<byte[], byte[]> read = record(value);
    sent.headers().forEach(read.headers()::add);
    return read;
  }

  private static ConsumerRecord<byte[], byte[]> sealed(byte[] value) {
    return sealed(value, "cluster", "surprisal.control", NOW);
  }

  @Test
  void shouldTakeACommandThatATrustedKeySigned() {
    byte[] value = FORMAT.encode(whole(CommandType.PAUSE).build());
    assertThat(objection(GUARDED, sealed(value))).isEmpty();
  }

  /** Copied from the topic of a test system, or from another cluster. */
  @Test
  void shouldObjectToACommandThatIsSignedForAnotherPlace() {
    byte[] value = FORMAT.encode(whole(CommandType.PAUSE).build());
    assertThat(objection(GUARDED, sealed(value, "cluster", "stage.control", NOW)))
        .hasValue("it is signed for cluster/stage.control, and this is cluster/surprisal.control");
    assertThat(objection(GUARDED, sealed(value, "other", "surprisal.control", NOW)).orElseThrow())
        .contains("signed for other/surprisal.control");
  }

  @Test
  void shouldObjectToASignatureThatHasExpired() {
    byte[] value = FORMAT.encode(whole(CommandType.PAUSE).build());
    assertThat(
            objection(GUARDED, sealed(value, "cluster", "surprisal.control", NOW.minusMillis(1)))
                .orElseThrow())
        .contains("expired");
  }

  /** It could be copied from anywhere. */
  @Test
  void shouldObjectToASignatureOfTheValueAlone() {
    byte[] value = FORMAT.encode(whole(CommandType.PAUSE).build());
    assertThat(
            objection(GUARDED, signed(value, Ed25519.sign(KEYS.getPrivate(), value))).orElseThrow())
        .contains("upgrade the sender");
  }

  @Test
  void shouldObjectToASignatureThatIsMissingForeignOrNone() {
    byte[] value = FORMAT.encode(whole(CommandType.PAUSE).build());
    byte[] foreign = Ed25519.sign(Ed25519.newKeys().getPrivate(), value);
    for (ConsumerRecord<byte[], byte[]> record :
        List.of(
            record(value),
            signed(value, foreign),
            signed(value, new byte[64]),
            signed(value, new byte[] {1}),
            signed(value, new byte[0]),
            signed(value, null))) {
      assertThat(objection(GUARDED, record).orElseThrow()).contains("not signed");
    }
  }

  /** The signature is of the bytes, whatever they say. */
  @Test
  void shouldObjectToACommandThatWasChangedAfterItWasSigned() {
    ConsumerRecord<byte[], byte[]> good =
        sealed(FORMAT.encode(whole(CommandType.SET_ALERT_RATE).build()));
    ConsumerRecord<byte[], byte[]> changed =
        record(FORMAT.encode(whole(CommandType.SET_ALERT_RATE).setAlertRate(0.02).build()));
    good.headers().forEach(changed.headers()::add);
    assertThat(objection(GUARDED, changed).orElseThrow()).contains("not signed");
  }

  /** Whoever may add a header could else cover a good signature with a bad one, not the reverse. */
  @Test
  void shouldLookAtTheLastSignature() {
    byte[] value = FORMAT.encode(whole(CommandType.PAUSE).build());
    ConsumerRecord<byte[], byte[]> record = record(value);
    record.headers().add("surprisal.seal", new byte[64]);
    sealed(value).headers().forEach(record.headers()::add);
    assertThat(objection(GUARDED, record)).isEmpty();
    record.headers().add("surprisal.seal", new byte[64]);
    assertThat(objection(GUARDED, record)).isPresent();
  }

  /** What a signed command asks for is looked at as well. */
  @Test
  void shouldObjectToASignedCommandThatIsOldOrContradictsItself() {
    for (ControlCommand command :
        List.of(
            whole(CommandType.PAUSE).setRequestedAt(NOW.minus(EXPIRY).minusSeconds(1)).build(),
            whole(CommandType.PAUSE).setReleaseId(RELEASE).build())) {
      byte[] value = FORMAT.encode(command);
      assertThat(objection(GUARDED, sealed(value))).isPresent();
    }
  }

  @Test
  void shouldReadNoCommandFromWhatIsNone() {
    assertThat(CommandReader.decode(record(null))).isEmpty();
    assertThat(CommandReader.decode(record(new byte[0]))).isEmpty();
    assertThat(CommandReader.decode(record("PAUSE".getBytes(StandardCharsets.UTF_8)))).isEmpty();
  }

  @Test
  void shouldNameWhatItCannotReadByItsKeyOrItsPlace() {
    assertThat(CommandReader.nameOf(record(null))).isEqualTo("key");
    for (byte[] key : new byte[][] {null, new byte[0], new byte[257]}) {
      assertThat(CommandReader.nameOf(new ConsumerRecord<>("control", 0, 7, key, new byte[0])))
          .isEqualTo("control-0-7");
    }
  }

  @Test
  void shouldObjectToAnImpossibleCanary() {
    assertThat(objection(command(CommandType.CANARY))).hasValue("CANARY names no releaseId");
    assertThat(objection(whole(CommandType.CANARY).setShare(0.0)).orElseThrow())
        .contains("share is 0.0");
    assertThat(objection(whole(CommandType.CANARY).setShare(Double.NaN)).orElseThrow())
        .contains("share is NaN");
    assertThat(objection(whole(CommandType.CANARY).setImages(1L)).orElseThrow())
        .contains("images is 1");
    assertThat(objection(whole(CommandType.PROMOTE).setShare(0.5)).orElseThrow())
        .contains("which belong to CANARY");
    assertThat(objection(whole(CommandType.CANARY).setShare(1.0).setImages(2L))).isEmpty();
  }
}
