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
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders as people have them: with files among the pictures that are none, or damaged. */
class BadFilesTest {
  private static final int PICTURES = 30;
  private static final int SIDE = 8;

  @TempDir private static Path folder;

  @BeforeAll
  static void fillFolders() throws IOException {
    Path mixed = Files.createDirectory(folder.resolve("mixed"));
    Random random = new Random(1);
    for (int i = 0; i < PICTURES; i++) {
      picture(mixed.resolve("%02d.png".formatted(i)), BufferedImage.TYPE_BYTE_GRAY, random);
    }
    byte[] whole = Files.readAllBytes(mixed.resolve("00.png"));
    Files.write(mixed.resolve("cut.png"), Arrays.copyOf(whole, whole.length - 40));
    Files.writeString(mixed.resolve("aaa.jpg"), "no picture");
    picture(mixed.resolve("colour.png"), BufferedImage.TYPE_3BYTE_BGR, random);
    Files.writeString(mixed.resolve("photo.HEIC"), "never opened");
    Files.writeString(mixed.resolve("notes.txt"), "never opened");
    Files.createDirectory(folder.resolve("empty"));
    Files.writeString(folder.resolve("empty/photo.heic"), "never opened");
    run(
        0,
        "fit --data mixed --out r.safetensors --config tiny --steps 2 --batch 4 --held-out 0.5"
            + " --evaluations 4 --precision float32");
  }

  private static void picture(Path file, int type, Random random) throws IOException {
    BufferedImage image = new BufferedImage(SIDE, SIDE, type);
    for (int i = 0; i < SIDE * SIDE; i++) {
      for (int band = 0; band < image.getRaster().getNumBands(); band++) {
        image.getRaster().setSample(i % SIDE, i / SIDE, band, 100 + random.nextInt(60));
      }
    }
    ImageIO.write(image, "png", file.toFile());
  }

  private static CommandRun run(int exitCode, String line) {
    List<String> args = new ArrayList<>();
    for (String word : line.split(" ")) {
      args.add(
          word.matches("(dents=)?(mixed|empty|r.*\\.safetensors|out|[a-z]+\\.html)")
              ? word.replaceFirst("(dents=)?(.*)", "$1" + folder.resolve("$2"))
              : word);
    }
    CommandRun run = CommandRun.of(args.toArray(String[]::new));
    assertThat(run.exitCode()).as(run.err()).isEqualTo(exitCode);
    return run;
  }

  @Test
  void shouldFitOnWhatCanBeUsed() throws Exception {
    JsonNode inspected = Json.MAPPER.readTree(run(0, "inspect r.safetensors --json").out());

    assertThat(inspected.at("/training/trainingImages").asInt()).isEqualTo(PICTURES / 2);
    assertThat(inspected.at("/configuration/channels").asInt()).isEqualTo(1);
  }

  @Test
  void shouldEvaluateWhatCanBeUsedAndCountTheRest() throws Exception {
    CommandRun run = run(0, "evaluate --release r.safetensors --data mixed --json");

    assertThat(Json.MAPPER.readTree(run.out()).get("images").asInt()).isEqualTo(PICTURES);
    assertThat(run.err()).contains("surprisal: 30 of 31 images could be used");
  }

  /** A folder a source; the rate tells whether a source has enough images of its own. */
  @Test
  void shouldCalibrateFoldersApart() throws Exception {
    Random random = new Random(2);
    for (int i = 0; i < 30; i++) {
      Path source = Files.createDirectories(folder.resolve(i < 10 ? "out/left" : "out/right"));
      picture(source.resolve(i + ".png"), BufferedImage.TYPE_BYTE_GRAY, random);
    }
    run(
        0,
        "calibrate --release r.safetensors --data out --evaluations 1 --by-folder --out r6.safetensors");

    JsonNode sources =
        Json.MAPPER
            .readTree(run(0, "inspect r6.safetensors --json").out())
            .at("/calibration/sources");
    assertThat(sources.findValuesAsText("name")).containsExactly("left", "right");
    assertThat(sources.findValuesAsText("images")).containsExactly("10", "20");
    JsonNode judged =
        Json.MAPPER.readTree(
            run(
                    0,
                    "evaluate --release r6.safetensors --evaluations 1 --data out --alerts"
                        + " --alert-rate 0.05 --source right --json")
                .out());
    assertThat(judged.at("/alertShares/alerts").isNumber()).isTrue();
  }

  @Test
  void shouldCalibrateOnWhatCanBeUsed() throws Exception {
    CommandRun run =
        run(
            0,
            "calibrate --release r.safetensors --data mixed --evaluations 1 --json"
                + " --out r3.safetensors");

    assertThat(Json.MAPPER.readTree(run.out()).get("images").asInt()).isEqualTo(PICTURES);
  }

  @Test
  void shouldDetectInWhatCanBeUsed() throws Exception {
    CommandRun run =
        run(0, "detect --release r.safetensors --normal mixed --anomalous dents=mixed" + " --json");

    assertThat(Json.MAPPER.readTree(run.out()).at("/pairs/0/skipped")).hasSize(3);
  }

  /** Before anything else: no release is written, and no time lost. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "fit --strict --data mixed --out r4.safetensors --config tiny --steps 1 --batch 4",
        "evaluate --strict --release r.safetensors --data mixed",
        "calibrate --strict --release r.safetensors --data mixed --out r4.safetensors",
        "detect --strict --release r.safetensors --normal mixed --anomalous dents=mixed",
        "try --strict --minutes 1 --out report.html mixed",
      })
  void shouldStopAtTheFirstBadFileWhereToldSo(String line) {
    CommandRun run = run(1, line);

    assertThat(run.err())
        .containsPattern("surprisal.*aaa.jpg: These 10 bytes .* without --strict it is left out");
    assertThat(run.out()).isEmpty();
    assertThat(folder.resolve("r4.safetensors")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fit --data empty --out r5.safetensors",
        "evaluate --release r.safetensors --data empty",
        "calibrate --release r.safetensors --data empty --out r5.safetensors",
        "detect --release r.safetensors --normal empty --anomalous dents=mixed",
        "try --minutes 1 --out report.html empty",
        "explain --release r.safetensors --out out empty",
        "identify empty",
        "publish --source cam empty",
      })
  void shouldSayTheSameOfAnEmptyFolderEverywhere(String line) {
    CommandRun run = run(3, line);

    assertThat(run.err())
        .contains(folder.resolve("empty") + " holds no .png, .jpg, .jpeg, .tif, .tiff, .bmp file")
        .contains(", but 1 .heic; name IDX and CIFAR files one by one");
    assertThat(run.out()).isEmpty();
  }
}
