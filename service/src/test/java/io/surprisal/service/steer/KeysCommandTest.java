package io.surprisal.service.steer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.handover.Ed25519;
import io.surprisal.service.cli.Json;
import io.surprisal.service.system.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeysCommandTest {
  private final PublicKey key = Ed25519.newKeys().getPublic();
  private final String id = Ed25519.id(key);

  @TempDir private Path folder;
  private String list;
  private String pem;

  @BeforeEach
  void writeKey() throws IOException {
    list = folder.resolve("trusted").toString();
    pem =
        Files.writeString(
                folder.resolve("key.pub"),
                "-----BEGIN PUBLIC KEY-----\n"
                    + Base64.getEncoder().encodeToString(key.getEncoded())
                    + "\n-----END PUBLIC KEY-----\n")
            .toString();
  }

  private static JsonNode one(CommandRun run) throws IOException {
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode keys = Json.MAPPER.readTree(run.out());
    assertThat(keys).hasSize(1);
    return keys.get(0);
  }

  @Test
  void shouldAddAndRevokeAKey() throws IOException {
    JsonNode added =
        one(
            CommandRun.of(
                "keys",
                list,
                "--add",
                pem,
                "--expires",
                "2999-01-01T00:00:00Z",
                "--key-name",
                "line 3",
                "--json"));
    assertThat(added.get("key").asText()).isEqualTo(id);
    assertThat(added.get("state").asText()).isEqualTo("VALID");
    assertThat(added.get("name").asText()).isEqualTo("line 3");

    JsonNode revoked = one(CommandRun.of("keys", list, "--revoke", id, "--json"));
    assertThat(revoked.get("state").asText()).isEqualTo("REVOKED");
    assertThat(revoked.get("expires").asText()).isEqualTo("2999-01-01T00:00:00Z");
    assertThat(one(CommandRun.of("keys", list, "--json"))).isEqualTo(revoked);

    CommandRun again = CommandRun.of("keys", list, "--add", pem);
    assertThat(again.exitCode()).isNotZero();
    assertThat(again.err()).contains("was revoked", "make a new key");
  }

  @Test
  void shouldShowAKeyInPemAndNotWriteIntoIt() throws IOException {
    String before = Files.readString(Path.of(pem));
    assertThat(one(CommandRun.of("keys", pem, "--json")).get("key").asText()).isEqualTo(id);
    CommandRun run = CommandRun.of("keys", pem, "--revoke", id);
    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).contains("no list");
    assertThat(Files.readString(Path.of(pem))).isEqualTo(before);
  }

  @Test
  void shouldSayWhatIsMissing() {
    assertThat(CommandRun.of("keys", list).err()).contains("make it with 'surprisal keys");
    assertThat(CommandRun.of("keys", list, "--add", pem).exitCode()).isZero();
    CommandRun unknown = CommandRun.of("keys", list, "--revoke", "0123456789abcdef");
    assertThat(unknown.exitCode()).isEqualTo(3);
    assertThat(unknown.err()).contains("has no key 0123456789abcdef");
    assertThat(CommandRun.of("keys", list, "--expires", "2999-01-01T00:00:00Z").exitCode())
        .isEqualTo(2);
  }
}
