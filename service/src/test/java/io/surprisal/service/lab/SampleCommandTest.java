package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.Release;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.system.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleCommandTest {
  @TempDir private static Path releases;

  @TempDir private Path folder;

  @BeforeAll
  static void writeReleases() throws IOException {
    FitConfiguration tiny = FitConfiguration.named("tiny");
    Release.untrained(releases.resolve("grey"), tiny.model(new ImageShape(1, 8, 6)), 1);
    Release.untrained(releases.resolve("colour"), tiny.model(new ImageShape(3, 8, 6)), 1);
    Release grey = Release.load(releases.resolve("grey"));
    Release.write(
        releases.resolve("tiles"),
        grey.configuration(),
        Preprocessing.tiled(new ImageShape(1, 8, 6), new Tiling(2, 6)),
        grey.parameters(),
        Optional.empty(),
        grey.training(),
        Optional.empty());
  }

  private CommandRun sample(String release, String options) {
    return CommandRun.of(arguments(release, options));
  }

  private String[] arguments(String release, String options) {
    String line =
        "sample --precision float32 --release %s %s".formatted(releases.resolve(release), options);
    return line.replace("FOLDER", folder.toString()).split(" ");
  }

  private PixelImage image(String name) throws IOException {
    return ImageDatasets.open(List.of(folder.resolve(name))).image(0);
  }

  @Test
  void shouldWriteAGridAndTheWayThere() throws IOException {
    CommandRun run =
        sample(
            "grey",
            "--count 5 --timesteps 4 --magnify 1 --out FOLDER/grid.png --path FOLDER/p.png --json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.outLines()).hasSize(1);
    JsonNode result = Json.MAPPER.readTree(run.out());
    assertThat(result.get("samples").asInt()).isEqualTo(5);
    assertThat(result.get("timesteps").asInt()).isEqualTo(4);
    assertThat(result.get("seed").asInt()).isEqualTo(1);
    assertThat(result.get("out").asText()).isEqualTo(folder + "/grid.png");
    assertThat(result.get("seconds").asDouble()).isPositive();
    assertThat(result.get("precision").asText()).isEqualTo("float32");
    // 2 rows of 3 images of 8 rows and 6 columns; 5 rows of 4 steps and the sample
    assertThat(image("grid.png").toString()).isEqualTo("1×17×20 image");
    assertThat(image("p.png").toString()).isEqualTo("1×44×34 image");
    assertThat(crop(image("p.png"), 9, 28, 8, 6)).isEqualTo(crop(image("grid.png"), 0, 7, 8, 6));
  }

  @Test
  void shouldDrawByTheSeedAndInColour() throws IOException {
    String options = "--count 2 --timesteps 2 --scale 2 --columns 1 --clip --out FOLDER/%s --seed ";

    assertThat(sample("colour", options.formatted("a.png") + 3).exitCode()).isZero();
    assertThat(sample("colour", options.formatted("b.png") + 3).exitCode()).isZero();
    CommandRun other = sample("colour", options.formatted("c.png") + 4);

    assertThat(other.out()).contains("samples", "timesteps", "float32", folder + "/c.png");
    assertThat(image("a.png").toString()).isEqualTo("3×34×12 image"); // a line of two pixels
    assertThat(image("b.png")).isEqualTo(image("a.png")).isNotEqualTo(image("c.png"));
  }

  /** 128 / 6 pixels: each becomes 22×22, of one level, and two white ones part two samples. */
  @ParameterizedTest
  @ValueSource(strings = {"grey", "colour"})
  void shouldDrawLegiblyLargeUnlessToldOtherwise(String release) throws IOException {
    assertThat(sample(release, "--count 2 --timesteps 2 --out FOLDER/large.png").exitCode())
        .isZero();
    assertThat(
            sample(release, "--count 2 --timesteps 2 --magnify 1 --out FOLDER/raw.png").exitCode())
        .isZero();

    PixelImage large = image("large.png");
    PixelImage raw = image("raw.png");
    assertThat(large.height()).isEqualTo(8 * 22);
    assertThat(large.width()).isEqualTo(2 * 6 * 22 + 2);
    assertThat(raw.width()).isEqualTo(2 * 6 + 1);
    for (int channel = 0; channel < raw.channels(); channel++) {
      for (int y = 0; y < large.height(); y++) {
        for (int x = 0; x < 6 * 22; x++) {
          int second = x + 6 * 22 + 2;
          assertThat(level(large, channel, y, x)).isEqualTo(level(raw, channel, y / 22, x / 22));
          assertThat(level(large, channel, y, second))
              .isEqualTo(level(raw, channel, y / 22, 7 + x / 22));
        }
        assertThat(level(large, channel, y, 6 * 22)).isEqualTo(255);
        assertThat(level(large, channel, y, 6 * 22 + 1)).isEqualTo(255);
      }
    }
  }

  private static int level(PixelImage image, int channel, int y, int x) {
    return image.pixels()[(channel * image.height() + y) * image.width() + x] & 0xff;
  }

  @Test
  void shouldSayThatTilesAreNoWholePictures() throws IOException {
    CommandRun tiles = sample("tiles", "--count 1 --timesteps 2 --out FOLDER/t.png --json");
    CommandRun whole = sample("grey", "--count 1 --timesteps 2 --out FOLDER/g.png --json");

    assertThat(tiles.exitCode()).as(tiles.err()).isZero();
    assertThat(tiles.err()).contains("tiles of 6×8 at scale ½, not whole pictures");
    assertThat(Json.MAPPER.readTree(tiles.out()).path("shows").asText())
        .isEqualTo("tiles of 6×8 at scale ½");
    assertThat(whole.err()).doesNotContain("tiles");
    assertThat(Json.MAPPER.readTree(whole.out()).path("shows").asText()).isEqualTo("images of 6×8");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--out FOLDER/o --count 0",
        "--out FOLDER/o --count many",
        "--out FOLDER/o --timesteps 0",
        "--out FOLDER/o --columns 0",
        "--out FOLDER/o --magnify 0",
        "--out FOLDER/o --magnify 100000",
        "--out FOLDER/o --path FOLDER/o",
        "--out FOLDER/o --seed x",
        "--out FOLDER/o --precision float8",
        "--out FOLDER/o extra",
      })
  void shouldRefuseNonsense(String options) throws IOException {
    CommandRun run = sample("grey", options);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("surprisal sample: ").doesNotContain("\tat ");
    assertThat(files()).isEmpty();
  }

  @Test
  void shouldSayBeforeTheWorkWhatCannotBeWritten() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));

    CommandRun directory = sample("grey", "--out FOLDER");
    CommandRun below = sample("grey", "--out FOLDER/o.png --path FOLDER/file/p.png");
    CommandRun noRelease = sample("none", "--out FOLDER/o.png");

    assertThat(directory.exitCode()).isEqualTo(3);
    assertThat(directory.err()).contains("is a directory; name a file with --out");
    assertThat(below.exitCode()).isEqualTo(3);
    assertThat(below.err()).contains(file.toString(), "--path");
    assertThat(noRelease.exitCode()).isEqualTo(3);
    assertThat(noRelease.errLines()).hasSize(1);
    assertThat(files()).containsExactly("file");
  }

  @Test
  void shouldWriteNothingWhenStoppedBeforeTheFirstSample() throws IOException {
    StopSignal stop = new StopSignal();
    stop.request();

    CommandRun run =
        CommandRun.of(Map.of(), stop, arguments("grey", "--out FOLDER/o.png --path FOLDER/p.png"));

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("nothing written");
    assertThat(run.err()).contains("stopped early, after 0 of 16 samples");
    assertThat(files()).isEmpty();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static PixelImage crop(PixelImage image, int top, int left, int height, int width) {
    byte[] pixels = new byte[height * width];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = image.pixels()[(top + i / width) * image.width() + left + i % width];
    }
    return new PixelImage(1, height, width, pixels);
  }
}
