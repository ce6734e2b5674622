package io.surprisal.service.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import io.surprisal.service.cli.Json;
import io.surprisal.service.system.CommandRun;
import io.surprisal.service.topics.PublishAndReadTest;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentifyCommandTest {
  @TempDir private Path folder;

  private Path png(String name, int type, Color colour) throws IOException {
    BufferedImage image = new BufferedImage(30, 20, type);
    image.createGraphics().setBackground(colour);
    image.setRGB(3, 3, colour.getRGB());
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
    return file;
  }

  private static List<JsonNode> json(CommandRun run) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : run.outLines()) {
      lines.add(Json.MAPPER.readTree(line));
    }
    return lines;
  }

  @Test
  void shouldSayOfEachFileWhatTheStreamWouldMakeOfIt() throws Exception {
    Path whole = png("b/whole.png", BufferedImage.TYPE_3BYTE_BGR, Color.RED);
    byte[] bytes = Files.readAllBytes(whole);
    Path noEnd = Files.write(folder.resolve("a.PNG"), Arrays.copyOf(bytes, bytes.length - 12));
    Path cut = Files.write(folder.resolve("c.jpg"), Arrays.copyOf(bytes, bytes.length - 30));
    Path deep = png("d.png", BufferedImage.TYPE_USHORT_GRAY, Color.GRAY);
    Path palette = png("e.png", BufferedImage.TYPE_BYTE_INDEXED, Color.RED);
    Files.writeString(folder.resolve("x.heic"), "");
    Files.writeString(folder.resolve("y.heic"), "");

    CommandRun run = CommandRun.of("identify", "--json", folder.toString());
    CommandRun people = CommandRun.of("identify", folder.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.outLines())
        .containsExactly(
            line(noEnd, "true,\"format\":\"PNG\"," + SIZE + "3,\"bits\":8", "NO_END_MARKER"),
            line(whole, "true,\"format\":\"PNG\"," + SIZE + "3,\"bits\":8", ""),
            "{\"file\":\""
                + cut
                + "\",\"accepted\":false,\"format\":\"PNG\",\"width\":null,\"height\":null,"
                + "\"channels\":null,\"bits\":null,\"repairs\":[],\"reason\":\"TRUNCATED: The PNG"
                + " ends before the chunk at byte 33 does\",\"becomes\":null}",
            line(deep, "true,\"format\":\"PNG\"," + SIZE + "1,\"bits\":16", ""),
            line(palette, "true,\"format\":\"PNG\"," + SIZE + "3,\"bits\":8", ""));
    assertThat(run.errLines())
        .containsExactly("4 accepted (1 repaired), 1 refused, ignored 2 .heic");
    assertThat(people.exitCode()).isEqualTo(1);
    assertThat(people.out())
        .containsPattern("a.PNG +PNG +30×20 +3 × 8 bits +repaired \\(NO_END_MARKER\\)\n")
        .containsPattern("c.jpg +PNG +refused: TRUNCATED: The PNG ends")
        .containsPattern("d.png +PNG +30×20 +1 × 16 bits +accepted\n")
        .endsWith("4 accepted (1 repaired), 1 refused, ignored 2 .heic\n");
  }

  private static final String SIZE = "\"width\":30,\"height\":20,\"channels\":";

  private static String line(Path file, String what, String repair) {
    return "{\"file\":\"%s\",\"accepted\":%s,\"repairs\":[%s],\"reason\":null,\"becomes\":null}"
        .formatted(file, what, repair.isEmpty() ? "" : "\"" + repair + "\"");
  }

  @Test
  void shouldEndWithZeroWhereAllAreAcceptedRepairedOrNot() throws Exception {
    Path whole = png("whole.png", BufferedImage.TYPE_BYTE_GRAY, Color.GRAY);
    byte[] bytes = Files.readAllBytes(whole);
    Path noEnd = Files.write(folder.resolve("end"), Arrays.copyOf(bytes, bytes.length - 12));

    CommandRun run = CommandRun.of("identify", whole.toString(), noEnd.toString());

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).endsWith("2 accepted (1 repaired), 0 refused\n");
  }

  @Test
  void shouldSayWhatAReleaseMakesOfThem() throws Exception {
    Path images = PublishAndReadTest.idx(folder.resolve("i-ubyte"), new byte[30 * 64], 30, 8, 8);
    Path release = folder.resolve("r.safetensors");
    CommandRun fit =
        CommandRun.of(
            "fit",
            "--data",
            "" + images,
            "--out",
            "" + release,
            "--config",
            "tiny",
            "--steps",
            "0",
            "--held-out",
            "0");
    assertThat(fit.exitCode()).as(fit.err()).isZero();
    Path grey = png("a.png", BufferedImage.TYPE_BYTE_GRAY, Color.GRAY);
    Path red = png("b.png", BufferedImage.TYPE_3BYTE_BGR, Color.RED);

    CommandRun run =
        CommandRun.of(
            "identify", "--json", "--release", "" + release, "" + grey, "" + red, "" + images);

    List<JsonNode> said = json(run);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(said.get(0).path("becomes").asText()).isEqualTo("8×8 grey, resized from 30×20");
    assertThat(said.get(1).path("accepted").asBoolean()).isFalse();
    assertThat(said.get(1).path("width").asInt()).isEqualTo(30);
    assertThat(said.get(1).path("reason").asText()).startsWith("WRONG_CHANNELS: The image has col");
    assertThat(said.get(2).path("format").asText()).isEqualTo("GRAY8");
    assertThat(said.get(2).path("becomes").asText()).isEqualTo("8×8 grey, as it is");
  }

  @Test
  void shouldSayWhatTilesAndOtherColoursBecome() {
    Preprocessing tiled = Preprocessing.tiled(new ImageShape(3, 32, 32), new Tiling(2, 32));
    Preprocessing luma =
        Preprocessing.resizing(new ImageShape(1, 8, 8))
            .with(Interpretation.usual().with(Interpretation.Colour.LUMA));
    PixelImage colour = new PixelImage(3, 8, 8, Arrays.copyOf(new byte[] {1}, 192));

    assertThat(tiled.becomes(new PixelImage(1, 460, 1130, new byte[460 * 1130])))
        .isEqualTo("1130×460 at scale ½: 144 tiles of 32×32, grey as colour");
    assertThat(luma.becomes(colour)).isEqualTo("8×8 grey, as it is, colour as its luma");
  }

  @Test
  void shouldRefuseWhatTopicsWouldNotTake() throws Exception {
    Path file = png("a.png", BufferedImage.TYPE_BYTE_GRAY, Color.GRAY);

    CommandRun run = CommandRun.of("identify", "--max-image-bytes", "10", "--json", "" + file);

    assertThat(json(run).get(0).path("reason").asText()).startsWith("LARGER_THAN_TOPIC: its ");
  }

  @Test
  void shouldLetNoNameCommandTheTerminal() throws Exception {
    Path file = Files.writeString(folder.resolve("a\u001b[2J\u202e.png"), "no picture");

    CommandRun run = CommandRun.of("identify", "" + file);

    assertThat(run.out()).contains("a\\u{1b}[2J\\u{202e}.png").doesNotContain("\u001b", "\u202e");
  }

  @Test
  void shouldEndWithThreeWhereAFileIsNotThere() {
    CommandRun run = CommandRun.of("identify", folder.resolve("missing.png").toString());

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.err()).contains("no such file or directory: ", "missing.png");
  }

  /** What the cameras' files must get; the folder lies beside the data sets. */
  @Test
  void shouldTakeTheFilesThatCamerasSend() throws Exception {
    Path intake =
        Path.of(Optional.ofNullable(System.getenv("SURPRISAL_DATA")).orElse("../../shared/data"))
            .resolveSibling("intake");
    if (!Files.isDirectory(intake)) {
      System.err.println("SKIPPED: " + intake.toAbsolutePath() + " is not there");
    }
    org.junit.jupiter.api.Assumptions.assumeTrue(Files.isDirectory(intake), intake + " lacks");
    List<String> line = new ArrayList<>(List.of("identify", "--json"));
    try (var files = Files.list(intake)) {
      files.filter(file -> !file.endsWith("README.md")).sorted().forEach(f -> line.add("" + f));
    }
    Map<String, String> verdicts = new TreeMap<>();
    for (JsonNode said : json(CommandRun.of(line.toArray(String[]::new)))) {
      verdicts.put(
          Path.of(said.path("file").asText()).getFileName().toString(),
          said.path("accepted").asBoolean()
              ? said.path("repairs").toString()
              : said.path("reason").asText().replaceFirst(",.*", ""));
    }

    assertThat(verdicts)
        .containsAllEntriesOf(
            Map.of(
                "jpeg-8-bytes-before-restart-marker.jpg", "[\"BYTES_BEFORE_MARKER\"]",
                "jpeg-1-byte-before-table.jpg", "[\"BYTES_BEFORE_MARKER\"]",
                "jpeg-2-bytes-before-start.jpg", "[\"BYTES_BEFORE_START\"]",
                "jpeg-no-end-marker.jpg", "[\"NO_END_MARKER\"]",
                "png-bad-crc-in-text.png", "[\"WRONG_CHECKSUM\"]",
                "png-surplus-data.png", "[\"SURPLUS_IMAGE_DATA\"]",
                "other.webp", "UNSUPPORTED: The file is WebP",
                "other.gif", "UNSUPPORTED: The file is GIF"));
    assertThat(verdicts.remove("jpeg-half-with-end-marker.jpg")).startsWith("TRUNCATED");
    assertThat(verdicts.values().stream().filter("[]"::equals)).hasSize(14);
  }
}
