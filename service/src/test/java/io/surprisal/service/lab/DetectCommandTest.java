package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.system.CommandRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code detect} says of sets that can be told apart, and of pictures with marked damage. */
@Tag("training")
class DetectCommandTest {
  private static final int SIDE = 8;

  @TempDir private static Path folder;

  @BeforeAll
  static void fitOnce() throws IOException {
    write(folder.resolve("train.idx"), 40, 0, 30);
    write(folder.resolve("normal.idx"), 24, 1, 30);
    write(folder.resolve("noise.idx"), 16, 2, 200);
    Path places = Files.createDirectories(folder.resolve("normal/line-1"));
    Path damaged = Files.createDirectories(folder.resolve("damaged/line-1"));
    Path train = Files.createDirectory(folder.resolve("train"));
    for (int i = 0; i < 20; i++) {
      DarkPicture.write(train.resolve("%02d.png".formatted(i)), DarkPicture.of(i));
    }
    for (int i = 0; i < 6; i++) {
      DarkPicture.write(places.resolve("n%d.png".formatted(i)), DarkPicture.of(100 + i));
      BufferedImage broken = DarkPicture.of(200 + i);
      broken.createGraphics().fillRect(28, 10, 12, 12);
      DarkPicture.write(damaged.resolve("d%d.png".formatted(i)), broken);
    }
    Files.writeString(damaged.resolve("unreadable.png"), "no picture");
    DarkPicture.write(damaged.resolve("small.png"), DarkPicture.of(7).getSubimage(0, 0, 12, 12));
    Files.writeString(
        folder.resolve("marked.json"),
        Stream.of(0, 1, 2, 3)
            .map("\"line-1/d%d.png\": [[[28, 10], [40, 10], [40, 22], [28, 22]]]"::formatted)
            .toList()
            .toString()
            .replace("[\"line", "{\"line")
            .replaceAll("]$", "}"));
    run(
        "fit --data train.idx --out whole.safetensors --config tiny --steps 2 --batch 4"
            + " --held-out 0.5 --evaluations 4 --precision float32");
    run(
        "fit --data train --out tiled.safetensors --config tiny --steps 3 --batch 4 --tile 8"
            + " --scale 1/2 --held-out 0.5 --evaluations 4 --precision float32");
  }

  /** Images of 8×8 pixels around 120, as noisy as that. */
  private static void write(Path file, int count, int seed, int noise) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] idx = new byte[16 + count * SIDE * SIDE];
    idx[2] = 8;
    idx[3] = 3;
    idx[7] = (byte) count;
    idx[11] = SIDE;
    idx[15] = SIDE;
    for (int i = 16; i < idx.length; i++) {
      idx[i] = (byte) (120 - noise / 2 + random.nextInt(noise));
    }
    Files.write(file, idx);
  }

  /** Files are named within the folder of the test. */
  private static String[] line(String line) {
    List<String> args = new ArrayList<>();
    for (String word : line.split(" ")) {
      int name = word.indexOf('=') + 1;
      boolean number = word.matches("[-\\d.]+");
      boolean file =
          (word.contains(".") && !number) || word.matches("(.*=)?(train|normal|damaged)");
      args.add(
          file && !word.startsWith("--")
              ? word.substring(0, name) + folder.resolve(word.substring(name))
              : word);
    }
    return args.toArray(String[]::new);
  }

  private static CommandRun run(String line) {
    CommandRun run = CommandRun.of(line(line));
    assertThat(run.exitCode()).as(run.err()).isZero();
    return run;
  }

  private static JsonNode json(String line) throws IOException {
    return Json.MAPPER.readTree(run(line + " --json").out());
  }

  private static double[] bitsPerDim(String data) throws IOException {
    List<Double> bits = new ArrayList<>();
    CommandRun run =
        run(
            "evaluate --release whole.safetensors --evaluations 4 --per-image --json --data "
                + data);
    for (String image : run.outLines()) {
      JsonNode score = Json.MAPPER.readTree(image);
      if (score.has("image")) {
        bits.add(score.path("bitsPerDim").asDouble());
      }
    }
    return bits.stream().mapToDouble(b -> b).toArray();
  }

  @Test
  void shouldSeparateByTheScoresThatEvaluateGives() throws IOException {
    double[] normal = bitsPerDim("normal.idx");
    double[] noise = bitsPerDim("noise.idx");
    double larger = 0;
    for (double a : noise) {
      for (double n : normal) {
        larger += a > n ? 1 : a == n ? 0.5 : 0;
      }
    }

    JsonNode result =
        json(
            "detect --release whole.safetensors --normal normal.idx --anomalous noise=noise.idx"
                + " --baseline-data train.idx --alert-rate 0.2");

    JsonNode pair = result.at("/pairs/0");
    assertThat(pair.path("name").asText()).isEqualTo("noise");
    assertThat(pair.path("evaluationsPerImage").asInt()).isEqualTo(4);
    assertThat(pair.path("normalImages").asInt()).isEqualTo(24);
    assertThat(pair.path("images").asInt()).isEqualTo(16);
    assertThat(pair.at("/auroc/bitsPerDim").asDouble())
        .isCloseTo(larger / normal.length / noise.length, within(1e-9));
    assertThat(result.at("/components/images").asInt()).isEqualTo(40);
    assertThat(pair.at("/auroc/pca").asDouble()).as("no plane holds noise").isEqualTo(1);
    assertThat(pair.at("/fpr95/pca").asDouble()).isZero();
    assertThat(pair.at("/auroc/codec").asDouble()).as("noise is longer").isGreaterThan(0.5);
    assertThat(pair.at("/caught/combined").asDouble()).isBetween(0.0, 1.0);
    assertThat(result.at("/normal/alerts/combined").asDouble()).isBetween(0.0, 1.0);
  }

  @Test
  void shouldGiveEveryFigureItsInterval() throws IOException {
    String line =
        "detect --release whole.safetensors --normal normal.idx --anomalous noise=noise.idx"
            + " --anomalous same=normal.idx --limit 12 --seed 3 --alert-rate 0.2";
    JsonNode result = json(line);

    assertThat(result.path("pairs")).hasSize(2);
    for (JsonNode pair : result.path("pairs")) {
      for (String figures : List.of("auroc", "fpr95", "caughtAt1Percent", "caught")) {
        assertThat(pair.path(figures).fieldNames()).toIterable().contains("bitsPerDim", "combined");
        for (Map.Entry<String, JsonNode> figure : pair.path(figures).properties()) {
          JsonNode interval = pair.path(figures + "Interval").path(figure.getKey());
          assertThat(interval).as(figures + " " + figure.getKey()).hasSize(2);
          assertThat(figure.getValue().asDouble())
              .isBetween(interval.get(0).asDouble(), interval.get(1).asDouble());
        }
      }
      // a half of the twelve has gone to the principal components
      assertThat(pair.path("normalImages").asInt()).isEqualTo(6);
      assertThat(pair.path("images").asInt()).isEqualTo(12);
    }
    assertThat(result.at("/absent/local").asText()).contains("local evidence");
    assertThat(result.at("/pairs/0/auroc").has("local")).isFalse();
    assertThat(json(line)).isEqualTo(result);
    assertThat(run(line).out())
        .contains("noise: 12 images")
        .contains("bits/dim")
        .contains("no local");
  }

  @Test
  void shouldSayWhereInPicturesAndByWhatElseTheyDiffer() throws IOException {
    CommandRun run =
        run(
            "detect --release tiled.safetensors --normal normal --anomalous damage=damaged"
                + " --baseline-data train --regions marked.json --alert-rate 0.2 --plot roc.png"
                + " --json");

    assertThat(run.err()).contains("skipped").contains("small.png");
    JsonNode pair = Json.MAPPER.readTree(run.out()).at("/pairs/0");
    assertThat(pair.path("images").asInt()).isEqualTo(6);
    assertThat(pair.path("skipped").toString()).contains("small.png").contains("unreadable.png");
    assertThat(pair.at("/auroc/local").asDouble()).isEqualTo(1);
    assertThat(pair.at("/auroc/pca").asDouble()).isEqualTo(1);
    assertThat(pair.path("warnings").toString()).contains("brightness");
    JsonNode regions = pair.path("regions");
    assertThat(regions.path("pictures").asInt()).isEqualTo(4);
    assertThat(regions.path("where").asDouble()).isEqualTo(1);
    assertThat(regions.at("/samePlace/pairs").asInt()).isEqualTo(24);
    assertThat(regions.at("/samePlace/auroc").asDouble()).isEqualTo(1);
    assertThat(regions.at("/samePlace/pairsHigher").asDouble()).isEqualTo(1);
    BufferedImage plot = ImageIO.read(folder.resolve("roc.png").toFile());
    assertThat(plot.getWidth()).isEqualTo(Figure.WIDTH);
  }

  @Test
  void shouldSayWhatCannotBeDone() {
    String whole = "detect --release whole.safetensors --normal normal.idx --anomalous ";
    CommandRun nameless = CommandRun.of(line(whole + "noise.idx"));
    assertThat(nameless.exitCode()).isEqualTo(2);
    assertThat(nameless.err()).contains("write NAME=FILE");
    CommandRun nowhere =
        CommandRun.of(line(whole + "noise=noise.idx --evaluations 4 --regions marked.json"));
    assertThat(nowhere.exitCode()).isEqualTo(1);
    assertThat(nowhere.err()).contains("--regions needs a release");
    CommandRun otherwise = CommandRun.of(line(whole + "noise=noise.idx --evaluations 5"));
    assertThat(otherwise.exitCode()).isEqualTo(1);
    assertThat(otherwise.err()).contains("calibrated for 4 evaluations");
    CommandRun small =
        CommandRun.of(
            line(
                "detect --release tiled.safetensors --normal normal --anomalous"
                    + " small=damaged/line-1/small.png"));
    assertThat(small.exitCode()).isEqualTo(1);
    assertThat(small.err()).contains("smaller than a tile of 8×8");
  }

  @Test
  void shouldEndWhenTheUserWishes() throws IOException {
    StopSignal stop = new StopSignal();
    stop.request();

    CommandRun run =
        CommandRun.of(
            Map.of(),
            stop,
            line(
                "detect --release whole.safetensors --normal normal.idx --anomalous noise=noise.idx"
                    + " --json"));

    assertThat(run.err()).contains("stopped early");
    assertThat(Json.MAPPER.readTree(run.out()).path("stopped").asBoolean()).isTrue();
    assertThat(Json.MAPPER.readTree(run.out()).path("pairs")).isEmpty();
  }
}
