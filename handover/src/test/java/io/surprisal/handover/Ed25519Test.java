package io.surprisal.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ed25519Test {

  /** {@code openssl genpkey -algorithm ed25519}, made for this test. */
  private static final String PRIVATE =
      """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIKi8JP+pAzOP8Zp/HVcg5try6o/7u/skeg+uC/ddLw47
      -----END PRIVATE KEY-----
      """;

  /** {@code openssl pkey -pubout}. */
  private static final String PUBLIC =
      """
      -----BEGIN PUBLIC KEY-----
      MCowBQYDK2VwAyEASwILgSBLlnFZrmbpmMt5cYNenAF4287jhEzCGVoABww=
      -----END PUBLIC KEY-----
      """;

  /** {@code openssl genpkey -algorithm ed448 | openssl pkey -pubout}. */
  private static final String OTHER_CURVE =
      """
      -----BEGIN PUBLIC KEY-----
      MEMwBQYDK2VxAzoA/E6DmxgnDO7QqEtki154J6mJ1TQSYMf3Dts8w20TebFMLEL0
      BVrUpzZlvDY1UIjFmF8T0T3lmymA
      -----END PUBLIC KEY-----
      """;

  private static final byte[] MESSAGE = "a release".getBytes(StandardCharsets.UTF_8);

  /** {@code openssl pkeyutl -sign -rawin} of the message. */
  private static final byte[] SIGNATURE =
      HexFormat.of()
          .parseHex(
              "91db68af3a389c1cf8a3a9bd3c4ba8f52786845655e669d22c36dc9e2703f0d7"
                  + "3968ddb2ccf7e26275c7bd66a8b43dc4800c4314630fb2bb529d883a9122810a");

  @TempDir Path folder;

  private Path file(String content) throws IOException {
    return Files.writeString(folder.resolve("key.pem"), content);
  }

  private PublicKey publicKey() throws IOException {
    return Ed25519.publicKey(file(PUBLIC));
  }

  /** RFC 8032 leaves no choice to the signer. */
  @Test
  void shouldSignAsOpensslDoes() throws IOException {
    PrivateKey key = Ed25519.privateKey(file(PRIVATE));
    assertThat(Ed25519.sign(key, MESSAGE)).isEqualTo(SIGNATURE);
  }

  @Test
  void shouldTrustWhatOpensslSigned() throws IOException {
    PublicKey other = Ed25519.newKeys().getPublic();
    assertThat(Ed25519.isTrusted(List.of(publicKey()), MESSAGE, SIGNATURE)).isTrue();
    assertThat(Ed25519.isTrusted(List.of(other, publicKey()), MESSAGE, SIGNATURE)).isTrue();
    assertThat(Ed25519.isTrusted(List.of(other), MESSAGE, SIGNATURE)).isFalse();
    assertThat(Ed25519.isTrusted(List.of(), MESSAGE, SIGNATURE)).isFalse();
  }

  @Test
  void shouldTrustNoChangeOfAnyBit() throws IOException {
    List<PublicKey> keys = List.of(publicKey());
    for (int bit = 0; bit < 8 * MESSAGE.length; bit++) {
      assertThat(Ed25519.isTrusted(keys, flipped(MESSAGE, bit), SIGNATURE)).isFalse();
    }
    for (int bit = 0; bit < 8 * SIGNATURE.length; bit++) {
      assertThat(Ed25519.isTrusted(keys, MESSAGE, flipped(SIGNATURE, bit))).isFalse();
    }
  }

  private static byte[] flipped(byte[] bytes, int bit) {
    byte[] flipped = bytes.clone();
    flipped[bit / 8] ^= (byte) (1 << bit % 8);
    return flipped;
  }

  @Test
  void shouldTrustNoSignatureOfAnotherLength() throws IOException {
    List<PublicKey> keys = List.of(publicKey());
    for (int length : new int[] {0, 1, 63, 65, 128}) {
      assertThat(Ed25519.isTrusted(keys, MESSAGE, Arrays.copyOf(SIGNATURE, length))).isFalse();
    }
  }

  @Test
  void shouldReadAKeyWithWhateverStandsAroundIt() throws IOException {
    String text = "made for a test\r\n" + PUBLIC.replace("\n", "\r\n") + "and more\r\n";
    assertThat(Ed25519.publicKey(file(text))).isEqualTo(publicKey());
    assertThat(Ed25519.publicKey(file(PRIVATE + PUBLIC))).isEqualTo(publicKey());
  }

  @Test
  void shouldNameTheFileThatHoldsNoKey() throws IOException {
    assertThatIOException()
        .isThrownBy(() -> Ed25519.privateKey(file(PUBLIC)))
        .withMessageContaining("key.pem has no part 'PRIVATE KEY'");
    assertThatIOException()
        .isThrownBy(() -> Ed25519.publicKey(file(PRIVATE)))
        .withMessageContaining("key.pem has no part 'PUBLIC KEY'");
    assertThatIOException()
        .isThrownBy(() -> Ed25519.publicKey(file(OTHER_CURVE)))
        .withMessageContaining("key.pem holds no Ed25519 public key");
    assertThatIOException()
        .isThrownBy(() -> Ed25519.publicKey(file(PUBLIC.replace("MCow", "MC"))))
        .withMessageContaining("key.pem");
    assertThatIOException()
        .isThrownBy(() -> Ed25519.publicKey(file(PUBLIC.replace("ww=", "w=="))))
        .withMessageContaining("key.pem");
    assertThatIOException()
        .isThrownBy(() -> Ed25519.publicKey(folder.resolve("nowhere")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void shouldSignWithItsOwnKindOfKeyAlone() throws Exception {
    KeyPair keys = KeyPairGenerator.getInstance("EC").generateKeyPair();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Ed25519.sign(keys.getPrivate(), MESSAGE))
        .withMessageContaining("no Ed25519 private key");
  }

  @Test
  void shouldFindThePublicKeyOfAPrivateOne() {
    for (int i = 0; i < 10; i++) {
      KeyPair pair = Ed25519.newKeys();
      assertThat(Ed25519.publicOf(pair.getPrivate())).isEqualTo(pair.getPublic());
    }
  }
}
