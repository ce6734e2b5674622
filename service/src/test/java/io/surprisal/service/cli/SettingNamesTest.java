package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.service.system.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingNamesTest {
  @TempDir private Path folder;

  /** Ends before it looks for the file, if a name is wrong. */
  private CommandRun identify(Map<String, String> environment, String... more) {
    String[] args = new String[more.length + 2];
    System.arraycopy(more, 0, args, 0, more.length);
    args[more.length] = "identify";
    args[more.length + 1] = folder.resolve("none.png").toString();
    return CommandRun.of(environment, new StopSignal(), args);
  }

  @ParameterizedTest
  @CsvSource({
    "SURPRISAL_ALERT_RTAE, no option takes SURPRISAL_ALERT_RTAE; is SURPRISAL_ALERT_RATE meant?",
    "SURPRISAL_SCORE_ALERTRATE, is SURPRISAL_SCORE_ALERT_RATE meant?",
    "SURPRISAL_NOTHING_LIKE_IT_AT_ALL, no option takes SURPRISAL_NOTHING_LIKE_IT_AT_ALL.",
    "SURPRISAL_TRUST, --trust may be repeated",
    "SURPRISAL_KAFKA_SECURITY_PROTOCL, 'security.protocl' (SURPRISAL_KAFKA_SECURITY_PROTOCL); is security.protocol meant?",
    "SURPRISAL_KAFKA_CONSUMER_FETCH_MAX_BITES, is fetch.max.bytes meant?",
  })
  void shouldRefuseAVariableThatNamesNothing(String variable, String said) {
    CommandRun run = identify(Map.of(variable, "0.5"));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(said);
  }

  /** What launcher, compose file and Kubernetes set, and settings of plug-ins. */
  @Test
  void shouldTakeVariablesThatOthersRead() {
    Map<String, String> others =
        Map.of(
            "SURPRISAL_HEAP", "2g",
            "SURPRISAL_IMAGE", "surprisal:1",
            "SURPRISAL_TRAINER_SERVICE_HOST", "10.0.0.1",
            "SURPRISAL_TRAINER_SERVICE_PORT_HEALTH", "8080",
            "SURPRISAL_TRAINER_PORT", "tcp://10.0.0.1:8080",
            "SURPRISAL_TRAINER_PORT_8080_TCP_ADDR", "10.0.0.1",
            "SURPRISAL_KAFKA_PLUGIN_OF_SOMEBODY", "x",
            "SURPRISAL_SCORE_ALERT_RATE", "0.02");

    CommandRun run = identify(others);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(3);
    assertThat(run.err()).contains("no such file");
  }

  @Test
  void shouldRefuseANameInTheSettingsFileThatNoOptionTakes() throws IOException {
    Path file = Files.writeString(folder.resolve("s.properties"), "score.alert-rat=0.02\n");

    CommandRun run = identify(Map.of(), "--settings=" + file);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("'score.alert-rat' in the settings file", "score.alert-rate");
  }

  @Test
  void shouldMeasureTheNearestName() {
    assertThat(SettingNames.distance("alert-rate", "alert-rate")).isZero();
    assertThat(SettingNames.distance("alert-rtae", "alert-rate")).isEqualTo(1);
    assertThat(SettingNames.distance("", "abc")).isEqualTo(3);
    assertThat(SettingNames.distance("kitten", "sitting")).isEqualTo(3);
    assertThat(SettingNames.nearest("thread", Set.of("threads", "batch"))).hasValue("threads");
    assertThat(SettingNames.nearest("xyzzy", Set.of("threads", "batch"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "ssl.keystore.key, true",
    "producer.ssl.keystore.key, true",
    "sasl.jaas.config, true",
    "ssl.key.password, true",
    "ssl.truststore.certificates, true",
    "basic.auth.user.info, true",
    "ssl.keystore.location, false",
    "bootstrap-server, false",
    "key, false",
  })
  void shouldKeepSecretsToItself(String name, boolean secret) {
    assertThat(Secrets.isSecret(name)).isEqualTo(secret);
  }

  @Test
  void shouldMaskWhoLogsInWhereAnAddressSaysSo() {
    assertThat(Secrets.withoutPasswords("https://user:secret@registry:8081/x"))
        .isEqualTo("https://********@registry:8081/x");
    assertThat(Secrets.withoutPasswords("localhost:9092")).isEqualTo("localhost:9092");
  }

  @Test
  void shouldMaskKeysInTheSettingsThatHold() {
    CommandRun run =
        CommandRun.of(
            Map.of("SURPRISAL_KAFKA_SSL_KEYSTORE_KEY", "-----BEGIN PRIVATE KEY----- MC4C"),
            new StopSignal(),
            "config");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("kafka.ssl.keystore.key").doesNotContain("MC4C");
  }
}
