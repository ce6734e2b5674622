package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.model.release.Release;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.system.CommandRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompressCommandTest {
  @TempDir private static Path releases;

  @TempDir private Path folder;

  @BeforeAll
  static void writeReleases() throws IOException {
    FitConfiguration tiny = FitConfiguration.named("tiny");
    Release.untrained(releases.resolve("grey"), tiny.model(new ImageShape(1, 8, 6)), 1);
    Release.untrained(releases.resolve("colour"), tiny.model(new ImageShape(3, 8, 8)), 1);
  }

  private CommandRun run(StopSignal stop, String line) {
    return CommandRun.of(
        Map.of(),
        stop,
        line.replace("RELEASES", releases.toString())
            .replace("FOLDER", folder.toString())
            .split(" "));
  }

  private CommandRun run(String line) {
    return run(new StopSignal(), line);
  }

  private static PixelImage noise(long seed, int channels, int height, int width) {
    byte[] pixels = new byte[channels * height * width];
    new Random(seed).nextBytes(pixels);
    return new PixelImage(channels, height, width, pixels);
  }

  private void writeIdx(String name, int count) throws IOException {
    List<PixelImage> images = IntStream.range(0, count).mapToObj(i -> noise(i, 1, 8, 6)).toList();
    Idx.write(folder.resolve(name), ImageDatasets.of(images));
  }

  @Test
  void shouldGiveAnIdxFileBackByteByByteAndSayItsRates() throws IOException {
    writeIdx("plain", 5);
    writeIdx("packed.gz", 5);

    CommandRun compressed =
        run(
            "compress --release RELEASES/grey --data FOLDER/packed.gz --timesteps 60"
                + " --out FOLDER/archive --json");
    CommandRun decompressed =
        run("decompress --release RELEASES/grey --in FOLDER/archive --out FOLDER/back --json");

    assertThat(compressed.exitCode()).as(compressed.err()).isZero();
    assertThat(decompressed.exitCode()).as(decompressed.err()).isZero();
    assertThat(folder.resolve("back")).hasSameBinaryContentAs(folder.resolve("plain"));
    JsonNode rates = Json.MAPPER.readTree(compressed.out());
    assertThat(rates.fieldNames())
        .toIterable()
        .containsExactly(
            "images", "netBitsPerDim", "grossBitsPerDim", "boundBitsPerDim", "imagesPerSecond");
    assertThat(rates.get("images").asInt()).isEqualTo(5);
    assertThat(rates.get("grossBitsPerDim").asDouble())
        .isEqualTo(Files.size(folder.resolve("archive")) * 8 / (5.0 * 48));
    // The difference of an image has a standard deviation of sqrt(2 · bound) nats, 0.9 bits/dim:
    // that of the mean of five exceeds 2 once in a million seeds.
    assertThat(rates.get("netBitsPerDim").asDouble())
        .isCloseTo(rates.get("boundBitsPerDim").asDouble(), within(2.0));
  }

  @Test
  void shouldGiveAnIdxFileOfNoImagesBack() throws IOException {
    byte[] none = {0, 0, 8, 4, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3};
    Files.write(folder.resolve("none"), none);

    CommandRun compressed =
        run("compress --release RELEASES/grey --data FOLDER/none --out FOLDER/archive --json");
    CommandRun decompressed =
        run("decompress --release RELEASES/grey --in FOLDER/archive --out FOLDER/back.gz");
    CommandRun again =
        run("compress --release RELEASES/grey --data FOLDER/back.gz --out FOLDER/archive2");
    run("decompress --release RELEASES/grey --in FOLDER/archive2 --out FOLDER/back");

    assertThat(compressed.exitCode()).as(compressed.err()).isZero();
    assertThat(Json.MAPPER.readTree(compressed.out()).get("netBitsPerDim").isNull()).isTrue();
    assertThat(decompressed.exitCode()).as(decompressed.err()).isZero();
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(Files.readAllBytes(folder.resolve("back"))).isEqualTo(none);
  }

  @Test
  void shouldSayThatAFolderHoldsNoPictures() throws IOException {
    Files.createDirectory(folder.resolve("empty"));
    CommandRun run =
        run("compress --release RELEASES/grey --data FOLDER/empty --out FOLDER/archive");
    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.errLines())
        .singleElement()
        .satisfies(line -> assertThat(line).contains("empty holds no .png"));
    assertThat(folder.resolve("archive")).doesNotExist();
  }

  @Test
  void shouldGiveBackARangeOfImages() throws IOException {
    writeIdx("plain", 7);
    run(
        "compress --release RELEASES/grey --data FOLDER/plain --timesteps 1 --block 2"
            + " --out FOLDER/archive");

    CommandRun run =
        run(
            "decompress --release RELEASES/grey --in FOLDER/archive --first 3 --limit 2 --out"
                + " FOLDER/back");
    CommandRun last =
        run("decompress --release RELEASES/grey --in FOLDER/archive --first 6 --out FOLDER/last");

    assertThat(run.exitCode()).as(run.err()).isZero();
    var images = ImageDatasets.open(List.of(folder.resolve("back")));
    assertThat(images.size()).isEqualTo(2);
    assertThat(images.image(0)).isEqualTo(noise(3, 1, 8, 6));
    assertThat(images.image(1)).isEqualTo(noise(4, 1, 8, 6));
    assertThat(last.exitCode()).as(last.err()).isZero();
    assertThat(ImageDatasets.open(List.of(folder.resolve("last"))).image(0))
        .isEqualTo(noise(6, 1, 8, 6));
  }

  @Test
  void shouldGiveACifarFileBackWithItsLabels() throws IOException {
    byte[] records = new byte[3 * 3073];
    new Random(5).nextBytes(records);
    for (int i = 0; i < 3; i++) {
      records[i * 3073] = (byte) (3 * i);
    }
    Path file = Files.write(folder.resolve("data_batch.bin"), records);

    run(
        "compress --release RELEASES/colour --data FOLDER/data_batch.bin --timesteps 1"
            + " --out FOLDER/archive");
    run("decompress --release RELEASES/colour --in FOLDER/archive --out FOLDER/back.bin");

    assertThat(folder.resolve("back.bin")).hasSameBinaryContentAs(file);
  }

  @Test
  void shouldGivePicturesOfAFolderBackAndNameThoseThatItCannotKeep() throws IOException {
    Files.createDirectories(folder.resolve("in/deeper"));
    PixelImage large = noise(1, 3, 19, 13);
    PixelImage small = noise(2, 1, 3, 4);
    Png.write(folder.resolve("in/large.png"), large);
    Png.write(folder.resolve("in/deeper/small.png"), small);
    BufferedImage transparent = new BufferedImage(9, 9, BufferedImage.TYPE_INT_ARGB);
    ImageIO.write(transparent, "png", folder.resolve("in/transparent.png").toFile());

    CommandRun compressed =
        run(
            "compress --release RELEASES/grey --data FOLDER/in --timesteps 2 --out"
                + " FOLDER/archive");
    CommandRun decompressed =
        run("decompress --release RELEASES/grey --in FOLDER/archive --out FOLDER/back");

    assertThat(compressed.exitCode()).isEqualTo(1);
    assertThat(compressed.err()).contains("1 pictures are not in the archive");
    assertThat(decompressed.exitCode()).as(decompressed.err()).isZero();
    assertThat(ImageDatasets.open(List.of(folder.resolve("back/large.png"))).image(0))
        .isEqualTo(large);
    assertThat(ImageDatasets.open(List.of(folder.resolve("back/deeper/small.png"))).image(0))
        .isEqualTo(small);
  }

  @Test
  void shouldGiveBackWhatIsWholeOfADamagedArchive() throws IOException {
    writeIdx("plain", 6);
    run(
        "compress --release RELEASES/grey --data FOLDER/plain --timesteps 1 --block 2"
            + " --out FOLDER/archive");
    byte[] bytes = Files.readAllBytes(folder.resolve("archive"));
    bytes[bytes.length / 2] ^= 1;
    Files.write(folder.resolve("archive"), bytes);

    CommandRun run =
        run("decompress --release RELEASES/grey --in FOLDER/archive --out FOLDER/back");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .contains("block 1 of 3 (pictures 2 to 3")
        .contains("another SHA-256")
        .contains("4 of 6 images came back");
    assertThat(ImageDatasets.open(List.of(folder.resolve("back"))).image(2))
        .isEqualTo(noise(4, 1, 8, 6));
  }

  @Test
  void shouldLeaveNoHalfArchiveWhenStoppedAndRefuseWhatIsNone() throws IOException {
    writeIdx("plain", 3);
    StopSignal stop = new StopSignal();
    stop.request();

    CommandRun stopped =
        run(stop, "compress --release RELEASES/grey --data FOLDER/plain --out FOLDER/archive");
    CommandRun foreign =
        run("decompress --release RELEASES/grey --in FOLDER/plain --out FOLDER/back");

    assertThat(stopped.exitCode()).isEqualTo(1);
    assertThat(foreign.exitCode()).isEqualTo(1);
    assertThat(foreign.err()).contains("is no archive of surprisal compress");
    assertThat(folder.toFile().list()).containsExactly("plain");
  }

  @Test
  void shouldSayCodeLengthsBesideBounds() throws IOException {
    writeIdx("plain", 2);

    CommandRun run =
        run(
            "evaluate --release RELEASES/grey --data FOLDER/plain --timesteps 5 --coded"
                + " --per-image --json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.outLines()).hasSize(3);
    double sum = 0;
    for (String line : run.outLines().subList(0, 2)) {
      sum += Json.MAPPER.readTree(line).get("netBitsPerDim").asDouble();
    }
    assertThat(Json.MAPPER.readTree(run.outLines().get(2)).get("netBitsPerDim").asDouble())
        .isCloseTo(sum / 2, within(1e-9));
  }
}
