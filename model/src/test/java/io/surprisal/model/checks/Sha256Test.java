package io.surprisal.model.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Sha256Test {
  /** The one-block message of FIPS 180-4's examples. */
  private static final byte[] MESSAGE = "abc".getBytes(StandardCharsets.UTF_8);

  private static final String HASH =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @Test
  void shouldHashAsTheStandardsExample() {
    assertThat(Sha256.hex(MESSAGE)).isEqualTo(HASH);
    assertThat(Sha256.digest().digest(MESSAGE)).asHexString().isEqualToIgnoringCase(HASH);
    assertThat(Sha256.first64Bits(MESSAGE)).isEqualTo(0xba7816bf8f01cfeaL);
  }
}
