package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.ScoringService;
import io.surprisal.service.run.TemporaryCluster;
import io.surprisal.service.topics.PublishAndReadTest;
import io.surprisal.topology.kafka.StreamSettings;
import io.surprisal.topology.serving.Scoring;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Images that one release refuses, and that another one scores once they are sent again. */
@Tag("system")
@Tag("waiting")
class RepublishedImagesTest {
  private static final Topics TOPICS = new Topics(Topics.DEFAULT_PREFIX);
  private static final int PARTITIONS = 2;
  private static final List<String> NAMES = List.of("a.png", "b.png", "c.png");

  @TempDir private Path folder;

  private Release release(String name, String colour) throws Exception {
    Path images = PublishAndReadTest.idx(folder.resolve("i-ubyte"), new byte[30 * 64], 30, 8, 8);
    Path file = folder.resolve(name);
    CommandRun fit =
        CommandRun.of(
            "fit",
            "--data",
            "" + images,
            "--out",
            "" + file,
            "--config",
            "tiny",
            "--steps",
            "0",
            "--held-out",
            "0",
            "--colour",
            colour);
    assertThat(fit.exitCode()).as(fit.err()).isZero();
    return Release.load(file);
  }

  private static void serve(Release release, StreamSettings settings, int scored, int refused)
      throws Exception {
    try (ScoringService service =
        ScoringService.ofRelease(
            release,
            Execution.CPU,
            Scoring.simple(1, 0.01, Execution.CPU.devices()),
            TOPICS,
            settings)) {
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  service.failure().isPresent()
                      || (service.counts().scored() == scored
                          && service.counts().deadLettered() == refused));
      assertThat(service.failure()).isEmpty();
    }
  }

  @Test
  @Timeout(180)
  void shouldBeScoredOnceAfterTheFix() throws Exception {
    Path pictures = Files.createDirectory(folder.resolve("pictures"));
    for (String name : NAMES) {
      BufferedImage red = new BufferedImage(8, 8, BufferedImage.TYPE_3BYTE_BGR);
      red.setRGB(NAMES.indexOf(name), 2, Color.RED.getRGB());
      ImageIO.write(red, "png", pictures.resolve(name).toFile());
    }
    try (TemporaryCluster cluster = TemporaryCluster.start("surprisal-test-republish")) {
      String server = cluster.bootstrapServer();
      StreamSettings settings =
          cluster.streamSettings("republish", 1, cluster.createTopics(TOPICS, PARTITIONS));
      run(server, "publish", "--source", "cam", "--key", "image", "" + pictures);
      serve(release("refusing.safetensors", "refuse"), settings, 0, NAMES.size());
      Path saved = folder.resolve("saved");

      CommandRun save = run(server, "dead-letters", "--save", "" + saved);
      CommandRun again = run(server, "dead-letters", "--republish");
      CommandRun nothing = run(server, "dead-letters", "--republish");
      serve(release("taking.safetensors", "luma"), settings, NAMES.size(), 0);

      assertThat(save.out()).contains("WRONG_CHANNELS", "  cam  b.png  ").contains("Saved 3 pictu");
      try (var files = Files.list(saved)) {
        assertThat(files.map(file -> file.getFileName().toString().replaceFirst(".*-", "")))
            .containsExactlyInAnyOrderElementsOf(NAMES);
      }
      assertThat(again.out()).endsWith("Republished 3 images to surprisal.images\n");
      assertThat(nothing.out()).isEqualTo("Republished 0 images to surprisal.images\n");
      RecordFormat<ImageScore> scores = RecordFormat.of(ImageScore.class);
      assertThat(Records.read(server, TOPICS.scores(), NAMES.size()))
          .extracting(record -> scores.decode(record.value()).getImageId())
          .containsExactlyInAnyOrderElementsOf(NAMES);
    }
  }

  private static CommandRun run(String server, String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--bootstrap-server", server));
    CommandRun run = CommandRun.of(all.toArray(String[]::new));
    assertThat(run.exitCode()).as(run.err()).isZero();
    return run;
  }
}
