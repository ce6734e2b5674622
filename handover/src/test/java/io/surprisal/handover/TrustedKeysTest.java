package io.surprisal.handover;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.surprisal.model.checks.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrustedKeysTest {
  private static final KeyPair ADA = Ed25519.newKeys();
  private static final KeyPair BEN = Ed25519.newKeys();
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
  private static final byte[] MESSAGE = "what is said".getBytes(UTF_8);

  @TempDir private Path folder;

  private Path list(KeyList keys) throws IOException {
    Path file = folder.resolve("keys");
    WholeFile.write(file, out -> out.write(keys.text().getBytes(UTF_8)));
    return file;
  }

  private static TrustedKeys read(Path file) throws IOException {
    return TrustedKeys.read(List.of(file), InstantSource.fixed(NOW));
  }

  private static Optional<String> objection(TrustedKeys keys, KeyPair signer, Instant when) {
    return keys.objection(MESSAGE, Ed25519.sign(signer.getPrivate(), MESSAGE), when);
  }

  private static KeyList.Entry ada(Instant expires, Instant revoked) {
    return new KeyList.Entry(
        ADA.getPublic(), Optional.ofNullable(expires), Optional.ofNullable(revoked), "Ada's key");
  }

  @Test
  void shouldReadBackAListWithWhatPeopleWroteIntoIt() throws IOException {
    Path file = folder.resolve("keys");
    String said = "# our keys\n\n" + ada(NOW, NOW.plusSeconds(1)).line() + "\n";
    Files.writeString(file, said);

    KeyList read = KeyList.read(file);

    assertThat(read.entries()).containsExactly(ada(NOW, NOW.plusSeconds(1)));
    assertThat(read.text()).isEqualTo(said);
    assertThat(read.with(KeyList.Entry.of(BEN.getPublic(), "")).text()).startsWith(said);
    assertThat(read.with(ada(null, null)).entries()).containsExactly(ada(null, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rsa AAAA",
        "ed25519",
        "ed25519 ????",
        "ed25519 AAAA",
        "ed25519 MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE= expires=tomorrow"
      })
  void shouldSayWhichLineIsNoKey(String line) throws IOException {
    Path file = folder.resolve("keys");
    Files.writeString(file, "# the first\n" + line + "\n");
    assertThatIOException().isThrownBy(() -> KeyList.read(file)).withMessageContaining("line 2 of");
  }

  @Test
  void shouldHeedAnExpiredKeyForWhatItSignedBeforeAlone() throws IOException {
    TrustedKeys keys = read(list(KeyList.empty().with(ada(NOW, null))));
    assertThat(objection(keys, ADA, NOW)).isEmpty();
    assertThat(objection(keys, ADA, NOW.plusMillis(1)).orElseThrow())
        .contains(Ed25519.id(ADA.getPublic()), "expired at " + NOW);
    assertThat(objection(keys, BEN, NOW).orElseThrow()).contains("not signed by a key");
  }

  /** Whoever has a stolen key can write any time into what it signs. */
  @Test
  void shouldHeedNothingOfARevokedKey() throws IOException {
    TrustedKeys keys = read(list(KeyList.empty().with(ada(null, NOW))));
    assertThat(objection(keys, ADA, Instant.EPOCH).orElseThrow()).contains("revoked at " + NOW);
    assertThat(keys.with(ADA.getPublic()).objectionTo(ADA.getPublic(), NOW)).isPresent();
  }

  @Test
  void shouldReadAListAgainWhenItChangesAndKeepItWhileItCannotBeRead() throws IOException {
    KeyList both =
        KeyList.empty().with(ada(null, null)).with(KeyList.Entry.of(BEN.getPublic(), ""));
    Path file = list(both);
    TrustedKeys keys = read(file);
    assertThat(objection(keys, ADA, NOW)).isEmpty();

    list(both.with(ada(null, NOW)));
    assertThat(objection(keys, ADA, NOW)).isPresent();
    assertThat(objection(keys, BEN, NOW)).isEmpty();

    Files.delete(file);
    assertThat(objection(keys, ADA, NOW)).isPresent();
    assertThat(objection(keys, BEN, NOW)).isEmpty();

    Files.writeString(file, "nothing that is known");
    assertThat(objection(keys, ADA, NOW)).isPresent();
    assertThat(objection(keys, BEN, NOW)).isEmpty();

    Files.writeString(file, "# all are gone\n");
    assertThat(objection(keys, BEN, NOW)).isPresent();
    assertThat(keys.isAsked()).as("an empty list trusts nobody, and not everybody").isTrue();
  }

  private static ConsumerRecord<byte[], byte[]> sealed(Seal kind, KeyPair signer, Instant number) {
    ProducerRecord<byte[], byte[]> sent = new ProducerRecord<>("topic", MESSAGE, MESSAGE);
    kind.put(sent, "cluster", number.toEpochMilli(), signer.getPrivate());
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>("topic", 0, 0, sent.key(), sent.value());
    sent.headers().forEach(record.headers()::add);
    return record;
  }

  @Test
  void shouldSayWhoseSealItIsThatDoesNotCount() throws IOException {
    ConsumerRecord<byte[], byte[]> record = sealed(Seal.REVIEW, ADA, NOW);
    TrustedKeys strangers = TrustedKeys.of(BEN.getPublic());
    TrustedKeys revoking = read(list(KeyList.empty().with(ada(null, NOW))));

    assertThat(Seal.REVIEW.objection(record, "cluster", strangers).orElseThrow())
        .contains("by key " + Ed25519.id(ADA.getPublic()));
    assertThat(Seal.REVIEW.objection(record, "cluster", revoking).orElseThrow())
        .contains("revoked");
    assertThat(Seal.REVIEW.objection(record, "cluster", TrustedKeys.of(ADA.getPublic()))).isEmpty();
  }

  /** As earlier versions sealed; and what a stranger writes there is not repeated. */
  @Test
  void shouldAskForNoKeyId() {
    ConsumerRecord<byte[], byte[]> record = sealed(Seal.REVIEW, ADA, NOW);
    record.headers().remove(Seal.KEY);
    assertThat(Seal.REVIEW.number(record, "cluster", TrustedKeys.of(ADA.getPublic())))
        .hasValue(NOW.toEpochMilli());
    record.headers().add(Seal.KEY, "\u001b[2J".getBytes(UTF_8));
    assertThat(
            Seal.REVIEW.objection(record, "cluster", TrustedKeys.of(BEN.getPublic())).orElseThrow())
        .doesNotContain("\u001b");
  }

  /** The number of a command is when it ends, which may lie after the end of its key. */
  @Test
  void shouldTakeCommandsUntilTheKeyExpiresAndKnowThemAfterwards() throws IOException {
    ConsumerRecord<byte[], byte[]> record = sealed(Seal.COMMAND, ADA, NOW.plusSeconds(3600));
    TrustedKeys lasting = read(list(KeyList.empty().with(ada(NOW.plusSeconds(1), null))));
    assertThat(Seal.COMMAND.number(record, "cluster", lasting)).isPresent();
    TrustedKeys expired = read(list(KeyList.empty().with(ada(NOW.minusSeconds(1), null))));
    assertThat(Seal.COMMAND.number(record, "cluster", expired)).isEmpty();
    assertThat(Seal.COMMAND.isBySomeoneTrusted(record, "cluster", expired)).isTrue();
  }
}
