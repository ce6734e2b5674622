package io.surprisal.service.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.camera.SurfaceCamera;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.ImageSizeLimit;
import io.surprisal.schemas.SchemaRegistry;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.EmbeddedBroker;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.system.Records;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Images and scores through a broker in Confluent's wire format. The registry is a double, see
 * {@link RegistryDouble}, or the one at {@code -Dsurprisal.registry=URL}.
 */
@Tag("system")
@Tag("waiting")
class RegisteredStreamTest {
  private static final int IMAGES = 20;

  @TempDir private Path folder;

  @AfterEach
  void useNone() {
    SchemaRegistry.use(Map.of());
  }

  @Test
  @Timeout(120)
  void shouldScoreWhatIsRegisteredAndRegisterTheScores() throws Exception {
    Release release =
        Release.untrained(
            folder.resolve("r.safetensors"),
            FitConfiguration.named("tiny").model(new ImageShape(1, 16, 16)),
            1);
    Path images = folder.resolve("images.idx");
    Idx.write(images, new SurfaceCamera(1, 0, 16, 0).frames(0, IMAGES));
    try (RegistryDouble registry = new RegistryDouble();
        EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("broker"), "localhost", 0)) {
      String server = broker.bootstrapServer();
      String url = System.getProperty("surprisal.registry", registry.url());
      assertThat(run(server, url, "topics").exitCode()).isZero();
      CommandRun published = run(server, url, "publish", "--source", "cam", images.toString());
      assertThat(published.exitCode()).as(published.err()).isZero();
      assertThat(Records.read(server, "surprisal.images", IMAGES))
          .allSatisfy(record -> assertThat(record.value()[0]).isZero());

      SchemaRegistry.use(Map.of(SchemaRegistry.URL, url));
      try (ScoringService service =
          ScoringService.ofRelease(
              release,
              Execution.CPU,
              Scoring.simple(1, 0.01, Execution.CPU.devices()),
              new Topics(Topics.DEFAULT_PREFIX),
              new StreamSettings(
                  "registered",
                  server,
                  folder.resolve("state"),
                  1,
                  Optional.empty(),
                  ImageSizeLimit.DEFAULT.deadLetterBytes(),
                  Map.of()))) {
        await()
            .atMost(Duration.ofSeconds(60))
            .until(() -> service.failure().isPresent() || service.counts().scored() >= IMAGES);
        assertThat(service.failure()).isEmpty();
      }
      assertThat(Records.read(server, "surprisal.scores", IMAGES))
          .hasSize(IMAGES)
          .allSatisfy(record -> assertThat(record.value()[0]).isZero());
      CommandRun scores =
          run(server, url, "scores", "--from-beginning", "--max", "" + IMAGES, "--json");
      assertThat(scores.exitCode()).as(scores.err()).isZero();
      assertThat(scores.outLines()).hasSize(IMAGES);
      if (url.equals(registry.url())) {
        assertThat(registry.subjects())
            .contains("io.surprisal.schemas.ImageEvent", "io.surprisal.schemas.ImageScore");
        assertThat(registry.mistakes()).isEmpty();
      }

      CommandRun away =
          run(server, "http://user:password@localhost:1", "scores", "--from-beginning");
      assertThat(away.exitCode()).isEqualTo(3);
      assertThat(away.errLines()).hasSize(1);
      assertThat(away.err())
          .contains("the schema registry at http://localhost:1 does not answer")
          .doesNotContain("password");
    }
  }

  private static CommandRun run(String server, String url, String... args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    all.addAll(List.of("--bootstrap-server", server, "--kafka", SchemaRegistry.URL + "=" + url));
    return CommandRun.of(all.toArray(String[]::new));
  }
}
