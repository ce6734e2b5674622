package io.surprisal.model.compression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.model.TinyModels;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.model.runtime.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ArchiveTest {
  private static final int TIMESTEPS = 4;
  private static final int CORRUPTIONS = 1000;
  private static final Compressor.Origin FOLDER =
      new Compressor.Origin(ArchiveHeader.Form.PICTURES, "");
  private static final Execution TWO_WORKERS =
      new Execution(ai.djl.Device.cpu(), Precision.FLOAT32, 2);

  @TempDir private static Path folder;

  private static Release grey;
  private static Release colour;

  @BeforeAll
  static void writeReleases() throws IOException {
    grey = release("grey", TinyModels.grey());
    colour =
        release(
            "colour", TinyModels.configuration(3, 6, 8, List.of(5, 6), Schedule.LEARNED_MONOTONE));
  }

  private static Release release(String name, ModelConfiguration c) throws IOException {
    Path file = folder.resolve(name);
    Release.write(
        file,
        c,
        Preprocessing.resizing(c.shape()),
        TinyModels.trained(c, 3),
        Optional.empty(),
        TinyModels.TRAINING,
        Optional.empty());
    return Release.load(file);
  }

  private record Listed(List<ArchivedPicture> all) implements PictureSource {
    @Override
    public int size() {
      return all.size();
    }

    @Override
    public Optional<ArchivedPicture> picture(int index) {
      return Optional.of(all.get(index));
    }
  }

  private static ArchivedPicture picture(String name, int channels, int height, int width) {
    byte[] pixels = new byte[channels * height * width];
    new Random(name.hashCode()).nextBytes(pixels);
    return new ArchivedPicture(
        name, new byte[] {(byte) height}, new PixelImage(channels, height, width, pixels));
  }

  private static ArchivedPicture constant(int level, int height, int width) {
    byte[] pixels = new byte[height * width];
    Arrays.fill(pixels, (byte) level);
    return new ArchivedPicture("constant", new byte[0], new PixelImage(1, height, width, pixels));
  }

  private static CompressionSettings settings(int batch, int block, Arithmetic arithmetic) {
    return new CompressionSettings(TIMESTEPS, batch, block, arithmetic, 1);
  }

  private static Compression compress(
      Release release, CompressionSettings settings, List<ArchivedPicture> pictures, Path archive)
      throws IOException {
    try (Compressor compressor = new Compressor(release, TWO_WORKERS, settings)) {
      return compressor.compress(
          new Listed(pictures), FOLDER, archive, (done, all) -> {}, () -> false);
    }
  }

  private static List<ArchivedPicture> decompress(Release release, Path archive)
      throws IOException {
    List<ArchivedPicture> pictures = new ArrayList<>();
    try (ArchiveFile file = ArchiveFile.open(archive)) {
      assertThat(file.damages()).isEmpty();
      assertThat(
              new Decompressor(file, release, TWO_WORKERS)
                  .decompress(pictures::addAll, PictureRange.ALL, (done, all) -> {}, () -> false))
          .isEmpty();
    }
    return pictures;
  }

  private static void assertSame(List<ArchivedPicture> actual, List<ArchivedPicture> expected) {
    assertThat(actual)
        .usingElementComparator(
            (a, b) ->
                a.name().equals(b.name())
                        && Arrays.equals(a.label(), b.label())
                        && a.pixels().equals(b.pixels())
                    ? 0
                    : 1)
        .containsExactlyElementsOf(expected);
  }

  private static void assertRoundTrip(
      Release release, CompressionSettings settings, List<ArchivedPicture> pictures)
      throws IOException {
    Path archive = Files.createTempFile(folder, "round", ".sprl");
    Compression compression = compress(release, settings, pictures, archive);

    assertSame(decompress(release, archive), pictures);
    assertThat(compression.images()).isEqualTo(pictures.size());
    assertThat(compression.grossBits()).isEqualTo(8.0 * Files.size(archive));
    assertThat(compression.grossBits()).isGreaterThan(compression.netBits());
  }

  @ParameterizedTest
  @EnumSource(Arithmetic.class)
  void shouldGiveBackPicturesOfAnyShape(Arithmetic arithmetic) throws IOException {
    List<ArchivedPicture> pictures =
        List.of(
            picture("a/small.png", 1, 3, 5),
            picture("as the network.png", 1, 8, 8),
            picture("large.png", 1, 17, 30),
            picture("farbig ü.jpg", 3, 9, 8),
            picture("one pixel", 1, 1, 1),
            constant(0, 8, 8),
            constant(255, 20, 4));
    assertRoundTrip(grey, settings(3, 5, arithmetic), pictures);
    assertRoundTrip(colour, settings(2, 100, arithmetic), pictures);
  }

  @Test
  void shouldGiveBackOnePictureAndNone() throws IOException {
    assertRoundTrip(grey, settings(4, 10, Arithmetic.FLOAT32), List.of(picture("one", 1, 8, 8)));
    assertRoundTrip(grey, settings(4, 10, Arithmetic.FLOAT32), List.of());
  }

  @Test
  void shouldLeaveNothingBehindWhenStopped() throws IOException {
    Path empty = Files.createTempDirectory(folder, "stopped");
    try (Compressor compressor =
        new Compressor(grey, TWO_WORKERS, settings(1, 1, Arithmetic.FLOAT32))) {
      assertThatThrownBy(
              () ->
                  compressor.compress(
                      new Listed(List.of(picture("one", 1, 8, 8))),
                      FOLDER,
                      empty.resolve("archive"),
                      (done, all) -> {},
                      () -> true))
          .isInstanceOf(StoppedException.class);
    }
    assertThat(empty).isEmptyDirectory();
  }

  @Test
  void shouldRefuseAnotherReleaseAndAnotherArithmetic() throws IOException {
    Path archive = folder.resolve("refused.sprl");
    compress(grey, settings(1, 9, Arithmetic.FLOAT32), List.of(picture("one", 1, 8, 8)), archive);
    assertThatThrownBy(() -> decompress(colour, archive))
        .isInstanceOf(ArchiveException.class)
        .hasMessageContaining("was written with release " + grey.id());

    ArchiveHeader header;
    try (ArchiveFile file = ArchiveFile.open(archive)) {
      header = file.header();
    }
    ArchiveHeader elsewhere =
        new ArchiveHeader(
            header.releaseId(),
            header.tile(),
            header.timesteps(),
            header.batch(),
            header.arithmetic(),
            header.seed(),
            header.form(),
            header.origin(),
            "0".repeat(16),
            "1.2.3; abacus; beads");
    try (ArchiveWriter writer = new ArchiveWriter(archive, elsewhere)) {
      writer.finish(new byte[0]);
    }
    assertThatThrownBy(() -> decompress(grey, archive))
        .isInstanceOf(ArchiveException.class)
        .hasMessageContaining("PyTorch there 1.2.3, here")
        .hasMessageContaining("vector instructions there beads, here")
        .hasMessageContaining("compress there with --portable");
  }

  @Test
  void shouldRefuseForeignFiles() throws IOException {
    Path file = Files.write(folder.resolve("foreign"), new byte[1000]);
    assertThatThrownBy(() -> ArchiveFile.open(file))
        .isInstanceOf(ArchiveException.class)
        .hasMessageContaining("is no archive");
    Path empty = Files.write(folder.resolve("empty"), new byte[0]);
    assertThatThrownBy(() -> ArchiveFile.open(empty))
        .isInstanceOf(ArchiveException.class)
        .hasMessageContaining("too short");
  }

  @Test
  void shouldSayOfEveryCorruptionAndGiveBackAllWholeBlocks() throws IOException {
    List<ArchivedPicture> pictures = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      pictures.add(picture("picture " + i, 1, 8, 8));
    }
    Path archive = folder.resolve("sound.sprl");
    CompressionSettings settings = new CompressionSettings(1, 1, 2, Arithmetic.FLOAT32, 1);
    compress(grey, settings, pictures, archive);
    byte[] sound = Files.readAllBytes(archive);
    Path damaged = folder.resolve("damaged.sprl");
    Random random = new Random(7);
    int unreadable = 0;
    try (CodingModel model = new CodingModel(grey, TWO_WORKERS, Arithmetic.FLOAT32, 1, 1)) {
      for (int i = 0; i < CORRUPTIONS; i++) {
        byte[] bytes = corrupted(sound, i % 4, random);
        Files.write(damaged, bytes);
        List<ArchivedPicture> back = new ArrayList<>();
        try (ArchiveFile file = ArchiveFile.open(damaged)) {
          List<String> damages = new ArrayList<>(file.damages());
          Decompressor decompressor = new Decompressor(file, grey, TWO_WORKERS);
          damages.addAll(
              decompressor.decompress(model, back::addAll, PictureRange.ALL, images -> {}));
          assertThat(damages.isEmpty())
              .as("corruption %d", i)
              .isEqualTo(Arrays.equals(bytes, sound));
        } catch (ArchiveException e) {
          unreadable++;
        }
        assertIntact(back, pictures);
        if (i % 4 == 0) { // one place is damaged, so at most one block
          assertThat(back.size()).as("corruption %d", i).isGreaterThanOrEqualTo(4);
        }
      }
    }
    assertThat(unreadable).isLessThan(CORRUPTIONS / 4);
  }

  /** What comes back is some of the pictures, each as it was and in order. */
  private static void assertIntact(List<ArchivedPicture> back, List<ArchivedPicture> pictures) {
    int next = 0;
    for (ArchivedPicture picture : back) {
      while (!pictures.get(next).name().equals(picture.name())) {
        next++;
      }
      assertThat(picture.pixels()).isEqualTo(pictures.get(next).pixels());
    }
  }

  private static byte[] corrupted(byte[] sound, int kind, Random random) {
    byte[] bytes = sound.clone();
    int at = random.nextInt(bytes.length);
    switch (kind) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> {
        byte[] other = new byte[Math.min(bytes.length - at, 1 + random.nextInt(100))];
        random.nextBytes(other);
        System.arraycopy(other, 0, bytes, at, other.length);
      }
      case 2 -> bytes = Arrays.copyOf(bytes, at);
      default -> { // some bytes lack
        int gone = Math.min(bytes.length - at, 1 + random.nextInt(50));
        System.arraycopy(sound, at + gone, bytes, at, bytes.length - at - gone);
        bytes = Arrays.copyOf(bytes, bytes.length - gone);
      }
    }
    return bytes;
  }
}
