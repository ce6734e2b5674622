package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.service.cli.Json;
import io.surprisal.service.system.CommandRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a folder of pictures larger than the network to a map of what is surprising in one. */
@Tag("training")
class PicturesTest {
  private static final int PICTURES = 30;

  @TempDir private static Path folder;

  private static Path pictures;
  private static Path release;
  private static CommandRun fit;

  @BeforeAll
  static void fitOnce() throws IOException {
    pictures = Files.createDirectory(folder.resolve("pictures"));
    for (int i = 0; i < PICTURES; i++) {
      DarkPicture.write(pictures.resolve("normal-%02d.png".formatted(i)), DarkPicture.of(i));
    }
    Files.writeString(pictures.resolve("broken.png"), "no picture");
    release = folder.resolve("release.safetensors");
    fit =
        run(
            "fit --data PICTURES --out RELEASE --config tiny --steps 3 --batch 4 --tile 8"
                + " --scale 1/2 --held-out 0.5 --evaluations 4 --precision float32 --json");
  }

  private static CommandRun run(String line) {
    List<String> args = new ArrayList<>();
    for (String word : line.split(" ")) {
      args.add(
          switch (word) {
            case "PICTURES" -> pictures.toString();
            case "RELEASE" -> release.toString();
            case "FOLDER" -> folder.toString();
            default -> word.replace("FOLDER", folder.toString());
          });
    }
    return CommandRun.of(args.toArray(String[]::new));
  }

  @Test
  void shouldSayInTheReleaseHowPicturesGoThroughIt() throws IOException {
    assertThat(fit.exitCode()).as(fit.err()).isZero();
    CommandRun inspected = run("inspect RELEASE --json");
    assertThat(inspected.exitCode()).as(inspected.err()).isZero();
    JsonNode preprocessing = Json.MAPPER.readTree(inspected.out()).path("preprocessing");
    assertThat(preprocessing.path("otherSizes").asText()).isEqualTo("TILE");
    assertThat(preprocessing.path("tiling").path("reduction").asInt()).isEqualTo(2);
    assertThat(preprocessing.path("tiling").path("stride").asInt()).isEqualTo(8);
    assertThat(Json.MAPPER.readTree(fit.out()).path("images").asInt()).isEqualTo(12); // crops
  }

  @Test
  void shouldCalibrateOnWholePictures() throws IOException {
    assertThat(Json.MAPPER.readTree(fit.out()).path("calibrationImages").asInt()).isEqualTo(10);
    CommandRun again =
        run(
            "calibrate --release RELEASE --data PICTURES --evaluations 4 --out FOLDER/again.safetensors --json");
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(Json.MAPPER.readTree(again.out()).path("images").asInt()).isEqualTo(20);
  }

  @Test
  void shouldEvaluateThePicturesAndShareAlertsByReason() throws IOException {
    CommandRun run =
        run(
            "evaluate --release RELEASE --data PICTURES --evaluations 4 --alerts --alert-rate 0.2"
                + " --json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode measured = Json.MAPPER.readTree(run.out());
    assertThat(measured.path("images").asInt()).isEqualTo(PICTURES);
    assertThat(measured.path("dimensions").asInt()).isEqualTo(64);
    JsonNode shares = measured.path("alertShares");
    assertThat(shares.path("local").asDouble()).isBetween(0.0, 1.0);
    assertThat(shares.path("alerts").asDouble())
        .isGreaterThanOrEqualTo(shares.path("local").asDouble());
  }

  @Test
  void shouldDrawWhereTheSurpriseIs() throws IOException {
    BufferedImage damaged = DarkPicture.of(1000);
    for (int y = 10; y < 22; y++) {
      for (int x = 28; x < 40; x++) {
        damaged.getRaster().setSample(x, y, 0, 255);
      }
    }
    Path file = folder.resolve("damaged.png");
    DarkPicture.write(file, damaged);

    CommandRun run =
        run(
            "explain --release RELEASE FOLDER/damaged.png --out FOLDER/drawings --alert-rate 0.2"
                + " --json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode explained = Json.MAPPER.readTree(run.out());
    assertThat(explained.path("reasons").toString()).contains("LOCAL");
    JsonNode strongest = explained.path("strongest");
    assertThat(centre(strongest, "left", "width")).isBetween(28.0, 40.0);
    assertThat(centre(strongest, "top", "height")).isBetween(10.0, 22.0);
    JsonNode box = explained.path("boxes").path(0);
    assertThat(box.path("left").asInt()).isBetween(0, 28);
    assertThat(box.path("top").asInt()).isBetween(0, 10);
    assertThat(box.path("left").asInt() + box.path("width").asInt())
        .isBetween(40, DarkPicture.WIDTH);
    assertThat(box.path("top").asInt() + box.path("height").asInt())
        .isBetween(22, DarkPicture.HEIGHT);
    assertThat(box.path("surprise")).isEqualTo(strongest.path("surprise"));
    try (Stream<Path> drawn = Files.list(folder.resolve("drawings"))) {
      assertThat(drawn.map(path -> path.getFileName().toString()))
          .containsExactly("damaged.png-surprise.png");
    }
    BufferedImage drawing =
        ImageIO.read(folder.resolve("drawings/damaged.png-surprise.png").toFile());
    assertThat(drawing.getWidth()).isEqualTo(DarkPicture.WIDTH);
    assertThat(drawing.getHeight()).isGreaterThanOrEqualTo(2 * DarkPicture.HEIGHT);
  }

  @Test
  void shouldReportOnAFolderInOneFile() throws IOException {
    Path odd = Files.createDirectory(folder.resolve("odd"));
    for (int i = 0; i < 4; i++) {
      BufferedImage white = DarkPicture.of(2000 + i);
      white.createGraphics().fillRect(8, 8, 24, 24);
      DarkPicture.write(odd.resolve("odd <%d> & so.png".formatted(i)), white);
    }

    CommandRun run =
        run(
            "try PICTURES --minutes 0.25 --tile 8 --scale 1/2 --precision float32 --anomalous"
                + " FOLDER/odd --out FOLDER/report.html --json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode result = Json.MAPPER.readTree(run.out());
    assertThat(result.path("pictures").asInt()).isEqualTo(PICTURES);
    assertThat(result.path("skipped").asInt()).isEqualTo(1);
    assertThat(result.path("trained").asInt()).isEqualTo(12); // 8 of the other 20 held out
    assertThat(result.path("scored").asInt()).isBetween(1, 10);
    assertThat(folder.resolve("report.safetensors")).exists();
    String report = Files.readString(folder.resolve("report.html"));
    assertThat(report)
        .contains("48×40 at scale ½: 9 tiles of 8×8")
        .contains("broken.png")
        .contains("odd &lt;0&gt; &amp; so.png")
        .contains("AUROC")
        .contains("told apart by brightness alone")
        .contains("surprisal score --release")
        .contains("data:image/jpeg;base64,")
        .doesNotContain("://")
        .doesNotContain("odd <0>");
  }

  private static double centre(JsonNode box, String from, String length) {
    return box.path(from).asInt() + box.path(length).asInt() / 2.0;
  }

  @Test
  void shouldSayWhatCannotBeDone() throws IOException {
    Path small = folder.resolve("small.png");
    DarkPicture.write(small, DarkPicture.of(1).getSubimage(0, 0, 12, 12));

    CommandRun tooSmall =
        run("explain --release RELEASE FOLDER/small.png --out FOLDER/none --alert-rate 0.2");
    assertThat(tooSmall.err()).contains("skipped").contains("smaller than a tile of 8×8");
    CommandRun whole = run("bench scaling --release RELEASE --data PICTURES");
    assertThat(whole.exitCode()).isNotZero();
    CommandRun scale = run("fit --data PICTURES --out FOLDER/x.safetensors --scale 0.7");
    assertThat(scale.exitCode()).isEqualTo(2);
    assertThat(scale.err()).contains("one over a whole number");
    CommandRun both =
        run("fit --data PICTURES --out FOLDER/x.safetensors --scale 1/2 --largest-side 20");
    assertThat(both.exitCode()).isEqualTo(2);
    assertThat(both.err()).contains("both say how far to shrink");
  }
}
