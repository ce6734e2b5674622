package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {

  @TempDir private Path folder;

  @Test
  void shouldPreferTheCommandsOwnNameThenTheEnvironmentThenTheFile() throws IOException {
    Settings settings =
        settings(
            "threads=1\nscore.threads=2\nmax=3\nsurprisal.key=source\n",
            Map.of("SURPRISAL_THREADS", "4", "SURPRISAL_MAX", "5", "MAX", "6"));

    assertThat(settings.find("score", "threads").orElseThrow().value()).isEqualTo("2");
    assertThat(settings.find("demo", "threads").orElseThrow().value()).isEqualTo("4");
    assertThat(settings.find("scores", "max").orElseThrow())
        .isEqualTo(new Settings.Setting("max", "5", "SURPRISAL_MAX"));
    assertThat(settings.find("publish", "key").orElseThrow())
        .isEqualTo(new Settings.Setting("key", "source", folder.resolve("s").toString()));
    assertThat(settings.find("publish", "rate")).isEmpty();
  }

  @Test
  void shouldCollectTheClientsPropertiesFromFileAndEnvironment() throws IOException {
    Settings settings =
        settings(
            "kafka.ssl.truststore.location=/t\nkafka.security.protocol=PLAINTEXT\n",
            Map.of("SURPRISAL_KAFKA_SECURITY_PROTOCOL", "SSL"));

    assertThat(settings.kafka()).containsOnlyKeys("security.protocol", "ssl.truststore.location");
    assertThat(settings.kafka().get("security.protocol").value()).isEqualTo("SSL");
    assertThat(settings.kafka().get("ssl.truststore.location").value()).isEqualTo("/t");
  }

  @Test
  void shouldLeaveValuesAsTheyAre() throws IOException {
    Settings settings = settings("kafka.ssl.key.password=a${b}\\\\$c\n", Map.of());

    assertThat(settings.kafka().get("ssl.key.password").value()).isEqualTo("a${b}\\$c");
  }

  private Settings settings(String file, Map<String, String> environment) throws IOException {
    Path path = Files.writeString(folder.resolve("s"), file);
    return Settings.load(environment, path);
  }
}
