package io.surprisal.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.surprisal.model.detection.Calibrator;
import io.surprisal.model.images.ImageDataset;
import io.surprisal.model.images.ImageDatasets;
import io.surprisal.model.network.Execution;
import io.surprisal.model.release.Release;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ScoreVerdict;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole system in processes of their own: a broker and a scorer that is killed (−9) twice in
 * the middle of the stream. A plain consumer of committed records counts.
 */
class KilledScorerTest {

  private static final int IMAGES = 600;
  private static final int SIDE = 8;

  @TempDir private Path folder;

  @Test
  @Timeout(300)
  void shouldScoreEveryImageExactlyOnceThoughItsScorerIsKilledTwice() throws Exception {
    Path images = randomImages();
    Path release = calibratedRelease(images);
    try (CommandProcess broker =
        CommandProcess.start(folder, "broker", "--port", "0", "--data-dir", folder + "/broker")) {
      String server = serverOf(broker.awaitOut("Ctrl-C ends it"));
      assertThat(CommandRun.of("topics", "--bootstrap-server", server).exitCode()).isZero();
      Records.send(
          server, "surprisal.images", "garbage".getBytes(UTF_8), new byte[] {(byte) 0xC3, 1});
      CompletableFuture<CommandRun> publishing =
          CompletableFuture.supplyAsync(
              () ->
                  CommandRun.of(
                      ("publish --source cam --rate 25 --bootstrap-server " + server + " " + images)
                          .split(" ")));
      int exitCode;
      try (Records.Follower scores = new Records.Follower(server, "surprisal.scores")) {
        try (CommandProcess first = score(server, release)) {
          awaitRecords(scores, IMAGES / 6);
          first.kill();
        }
        int afterFirst = scores.poll().size();
        try (CommandProcess second = score(server, release)) {
          awaitRecords(scores, afterFirst + IMAGES / 6);
          second.kill();
        }
        assertThat(scores.poll().size()).as("killed in the middle").isLessThan(IMAGES);
        try (CommandProcess third = score(server, release)) {
          awaitRecords(scores, IMAGES);
          exitCode = third.terminate();
        }
      }
      CommandRun published = publishing.get();
      assertThat(published.exitCode()).as(published.err()).isZero();
      assertThat(exitCode).as("an orderly end on SIGTERM").isEqualTo(143);

      RecordFormat<ImageScore> scoreFormat = RecordFormat.of(ImageScore.class);
      List<ImageScore> scores =
          Records.read(server, "surprisal.scores", IMAGES).stream()
              .map(record -> scoreFormat.decode(record.value()))
              .toList();
      assertThat(scores)
          .extracting(ImageScore::getImageId)
          .containsExactlyInAnyOrderElementsOf(
              IntStream.range(0, IMAGES).mapToObj(i -> "set-idx3-ubyte#" + i).toList());
      List<String> alerted =
          scores.stream()
              .filter(score -> score.getVerdict() == ScoreVerdict.ALERT)
              .map(ImageScore::getImageId)
              .toList();
      assertThat(alerted).isNotEmpty();
      RecordFormat<AnomalyAlert> alertFormat = RecordFormat.of(AnomalyAlert.class);
      assertThat(Records.read(server, "surprisal.alerts", alerted.size()))
          .extracting(record -> alertFormat.decode(record.value()).getImageId())
          .containsExactlyInAnyOrderElementsOf(alerted);
      assertThat(Records.read(server, "surprisal.dead-letters", 2))
          .extracting(ConsumerRecord::value)
          .containsExactlyInAnyOrder("garbage".getBytes(UTF_8), new byte[] {(byte) 0xC3, 1});
      assertThat(broker.terminate()).isEqualTo(143);
    }
  }

  private CommandProcess score(String server, Path release) throws IOException {
    return CommandProcess.start(
        folder,
        "score",
        "--bootstrap-server",
        server,
        "--release",
        release.toString(),
        "--evaluations",
        "2",
        "--alert-rate",
        "0.2",
        "--device",
        "cpu",
        "--state-dir",
        folder + "/state",
        "--kafka",
        "session.timeout.ms=3000",
        "--kafka",
        "heartbeat.interval.ms=500");
  }

  private static void awaitRecords(Records.Follower follower, int atLeast) {
    await()
        .atMost(Duration.ofSeconds(120))
        .pollInterval(Duration.ofMillis(10))
        .until(() -> follower.poll().size() >= atLeast);
  }

  private Path randomImages() throws IOException {
    byte[] pixels = new byte[IMAGES * SIDE * SIDE];
    new Random(1).nextBytes(pixels);
    return PublishAndReadTest.idx(folder.resolve("set-idx3-ubyte"), pixels, IMAGES, SIDE, SIDE);
  }

  private Path calibratedRelease(Path images) throws IOException {
    Release untrained =
        Release.untrained(
            folder.resolve("untrained.safetensors"),
            FitConfiguration.named("tiny").model(1, SIDE, SIDE),
            1);
    ImageDataset normal = ImageDatasets.open(List.of(images));
    Path file = folder.resolve("release.safetensors");
    untrained.recalibrated(
        file,
        Calibrator.calibrate(untrained, normal, 100, 2, Execution.CPU, done -> {}, () -> false));
    return file;
  }

  private static String serverOf(String line) {
    Matcher matcher = Pattern.compile("ready at (\\S+),").matcher(line);
    assertThat(matcher.find()).as(line).isTrue();
    return matcher.group(1);
  }
}
