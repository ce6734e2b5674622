package io.surprisal.service.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.service.Surprisal;
import io.surprisal.service.cli.Json;
import io.surprisal.service.cli.StopSignal;
import io.surprisal.service.system.CommandRun;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code demo --camera}: pictures of a folder through the demo's own broker and scorer. */
@Timeout(240)
@Tag("system")
class DemoCommandTest {
  private static final int WIDTH = 48;
  private static final int HEIGHT = 40;
  private static final int PICTURES = 30;
  private static final String SIGHT = "--tile 8 --scale 1/2 --precision float32";

  @TempDir private static Path folder;

  @BeforeAll
  static void drawPictures() throws IOException {
    for (int i = 0; i < PICTURES; i++) {
      write("pictures/line-%d/%02d.png".formatted(i % 2, i), texture(i));
    }
  }

  /** Dark, with a little noise. */
  private static PixelImage texture(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] pixels = new byte[WIDTH * HEIGHT];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (100 + random.nextInt(40));
    }
    return new PixelImage(1, HEIGHT, WIDTH, pixels);
  }

  /** White where it is damaged, in 12 columns from 28 and 12 rows from 10. */
  private static PixelImage damaged() {
    PixelImage picture = texture(1000);
    byte[] pixels = picture.pixels().clone();
    for (int y = 10; y < 22; y++) {
      Arrays.fill(pixels, y * WIDTH + 28, y * WIDTH + 40, (byte) 255);
    }
    return new PixelImage(1, HEIGHT, WIDTH, pixels);
  }

  private static void write(String name, PixelImage picture) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Png.write(file, picture);
  }

  private static String[] words(String line) {
    return line.replace("FOLDER", folder.toString()).split(" ");
  }

  /** What is printed, until it holds all that is waited for: then the command is to stop. */
  private static final class Watched extends ByteArrayOutputStream {
    private final StopSignal stop;
    private final List<String> awaited;

    Watched(StopSignal stop, String... awaited) {
      this.stop = stop;
      this.awaited = List.of(awaited);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      super.write(bytes, offset, length);
      if (awaited.stream().allMatch(toString(UTF_8)::contains)) {
        stop.request();
      }
    }
  }

  @Test
  void shouldSayWhereRealPicturesAreSurprisingAndWhatWasNotScored() throws IOException {
    CommandRun fit =
        CommandRun.of(
            words(
                "fit --data FOLDER/pictures --out FOLDER/r.safetensors --config tiny --steps 3"
                    + " --batch 4 --held-out 0.5 --evaluations 4 "
                    + SIGHT));
    assertThat(fit.exitCode()).as(fit.err()).isZero();
    write("shown/line-a/normal.png", texture(2000));
    write("shown/line-a/small.png", new PixelImage(1, 9, 9, new byte[81]));
    write("shown/line-b/damaged.png", damaged());
    Files.writeString(folder.resolve("shown/line-b/broken.png"), "no picture");
    StopSignal stop = new StopSignal();
    Watched out = new Watched(stop, "ALERT  line-b/damaged.png", "NOT SCORED  line-a/small.png");
    ByteArrayOutputStream err = new ByteArrayOutputStream();

    int exitCode =
        Surprisal.run(
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            OptionalInt.empty(),
            Map.of(),
            stop,
            words(
                "demo --camera FOLDER/shown --release FOLDER/r.safetensors --evaluations 4"
                    + " --alert-rate 0.2"));

    assertThat(exitCode).as(err.toString(UTF_8)).isZero();
    String said = out.toString(UTF_8);
    assertThat(said)
        .containsPattern(
            "ALERT  line-b/damaged\\.png  line-b +[0-9.]+ bits/dim .*LOCAL  \\[\\d+×\\d+ at \\d+,\\d+: ")
        .contains("NOT SCORED  line-a/small.png  line-a  TOO_SMALL: ")
        .contains("3, of which the release may have seen some in its training")
        .doesNotContain("defect");
  }

  @Test
  void shouldFitAReleaseFirstWhereNoneIsNamed() throws IOException {
    CommandRun run =
        CommandRun.of(
            words(
                "demo --camera FOLDER/pictures --minutes 0.2 --for 3s --evaluations 4 --json "
                    + SIGHT));

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode summary = Json.MAPPER.readTree(run.out());
    assertThat(summary.path("scored").asInt()).isPositive();
    assertThat(summary.path("alertRate").asDouble()).isGreaterThan(0.01);
    assertThat(summary.path("truth").isMissingNode()).isTrue();
    JsonNode pictures = summary.path("pictures");
    assertThat(pictures.path("pictures").asInt()).isEqualTo(PICTURES / 3);
    assertThat(pictures.path("neverSeen").asBoolean()).isTrue();
    assertThat(pictures.path("scored").asInt()).isPositive();
  }

  @Test
  void shouldEndWithoutABrokerWhenStoppedDuringTheFit() {
    StopSignal stop = new StopSignal();
    stop.request();

    CommandRun run =
        CommandRun.of(Map.of(), stop, words("demo --camera FOLDER/pictures --minutes 5 " + SIGHT));

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).contains("stopped during the fit; no picture was shown");
  }

  @Test
  void shouldSayWhatItCannotDo() throws IOException {
    write("few/one.png", texture(1));
    CommandRun few = CommandRun.of(words("demo --camera FOLDER/few " + SIGHT));
    assertThat(few.exitCode()).isEqualTo(2);
    assertThat(few.err()).contains("1 pictures are too few to fit a release on", "18");

    CommandRun time = CommandRun.of(words("demo --camera FOLDER/few --minutes 0"));
    assertThat(time.exitCode()).isEqualTo(2);

    CommandRun sight = CommandRun.of(words("demo --tile 16"));
    assertThat(sight.exitCode()).isEqualTo(2);
    assertThat(sight.err()).contains("--tile", "--camera");

    CommandRun nothing = CommandRun.of(words("demo --camera FOLDER/none"));
    assertThat(nothing.exitCode()).isEqualTo(3);

    Files.createDirectories(folder.resolve("idx"));
    CommandRun drawn =
        CommandRun.of(words("camera --out FOLDER/idx/camera.idx --count 2 --size 16"));
    assertThat(drawn.exitCode()).as(drawn.err()).isZero();
    CommandRun idx = CommandRun.of(words("demo --camera FOLDER/idx/camera.idx"));
    assertThat(idx.exitCode()).isEqualTo(3);
    assertThat(idx.err()).contains("surprisal fit --data");
  }
}
