package io.surprisal.model.datasets;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.concat;
import static io.surprisal.model.decoding.EncodedImages.png;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.surprisal.model.decoding.ImageDecoderTest;
import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageDatasetsTest {

  private static final byte[] IDX_2X1X3 =
      bytes(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 251, 252, 253);

  @TempDir private Path folder;

  @Test
  void shouldReadIdxPlainAndGzip() throws Exception {
    for (Path path : List.of(file("images-idx3-ubyte", IDX_2X1X3), gzip("images.gz", IDX_2X1X3))) {
      ImageDataset dataset = open(path);
      assertThat(dataset.size()).isEqualTo(2);
      assertThat(dataset.image(1)).isEqualTo(new PixelImage(1, 1, 3, bytes(251, 252, 253)));
      assertThat(dataset.name(1)).isEqualTo(path.getFileName() + "#1");
    }
  }

  @Test
  void shouldReadColourIdxInChannelMajorOrder() throws Exception {
    byte[] idx =
        concat(
            bytes(0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3),
            bytes(1, 2, 3, 4, 5, 6));
    assertThat(open(file("colour.idx", idx)).image(0))
        .isEqualTo(new PixelImage(3, 1, 2, bytes(1, 4, 2, 5, 3, 6)));
  }

  @Test
  void shouldWriteTheBytesThatWereRead() throws Exception {
    byte[] colour =
        concat(
            bytes(0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3),
            bytes(1, 2, 3, 4, 5, 6));
    for (byte[] idx : List.of(IDX_2X1X3, colour)) {
      ImageDataset dataset = open(gzip("read.gz", idx));
      Idx.write(folder.resolve("plain"), dataset);
      Idx.write(folder.resolve("packed.GZ"), dataset);
      assertThat(folder.resolve("plain")).hasBinaryContent(idx);
      try (GZIPInputStream in =
          new GZIPInputStream(Files.newInputStream(folder.resolve("packed.GZ")))) {
        assertThat(in.readAllBytes()).isEqualTo(idx);
      }
    }
  }

  @Test
  void shouldReadCifar10AndCifar100() throws Exception {
    byte[] samples = new byte[3072];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (byte) (i * 7);
    }
    ImageDataset ten = open(file("ten.bin", concat(bytes(9), samples, bytes(0), samples)));
    ImageDataset hundred = open(file("hundred.bin", concat(bytes(19, 99), samples)));
    assertThat(ten.size()).isEqualTo(2);
    assertThat(ten.image(1)).isEqualTo(new PixelImage(3, 32, 32, samples));
    assertThat(hundred.size()).isEqualTo(1);
    assertThat(hundred.image(0)).isEqualTo(new PixelImage(3, 32, 32, samples));
    assertRefused("not a CIFAR file", file("bad.bin", concat(bytes(10), samples)));
  }

  @Test
  void shouldReadAFolderSortedAtAnyDepthAndNameEachFile() throws Exception {
    Files.createDirectory(folder.resolve("b"));
    file("c.png", pngOf(3));
    file("b/x.PNG", pngOf(2));
    file("a.png", pngOf(1));
    file("notes.txt", bytes(1));
    ImageDataset dataset = open(folder);
    assertThat(IntStream.range(0, dataset.size()).mapToObj(dataset::name))
        .containsExactly("a.png", Path.of("b", "x.PNG").toString(), "c.png");
    assertThat(IntStream.range(0, 3).map(i -> dataset.image(i).pixels()[0]))
        .containsExactly(1, 2, 3);
  }

  @Test
  void shouldJoinSeveralFilesInTheOrderGiven() throws Exception {
    ImageDataset dataset =
        ImageDatasets.open(List.of(file("one", IDX_2X1X3), gzip("two.gz", IDX_2X1X3)));
    assertThat(dataset.size()).isEqualTo(4);
    assertThat(dataset.name(1)).isEqualTo("one#1");
    assertThat(dataset.name(2)).isEqualTo("two.gz#0");
    assertThat(dataset.image(3)).isEqualTo(dataset.image(1));
    assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> dataset.image(4));
  }

  @Test
  void shouldNameTheFirstTwoImagesOfDifferentShape() throws Exception {
    file("a.png", pngOf(1));
    file("b.png", pngOf(1));
    file("c.png", png(ImageDecoderTest.gradient(3, 4, 5)));
    file("d.png", png(ImageDecoderTest.gradient(3, 4, 6)));
    assertRefused("a.png is 1×1×2, but c.png is 3×4×5", folder);
  }

  @Test
  void shouldNameABrokenFileInAFolder() throws Exception {
    file("a.png", pngOf(1));
    file("broken.png", Arrays.copyOf(pngOf(1), 40));
    assertRefused("broken.png: The PNG ends before", folder);
  }

  @Test
  void shouldReadLabels() throws Exception {
    byte[] labels = bytes(0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 255);
    assertThat(Idx.labels(file("labels", labels))).isEqualTo(bytes(5, 0, 255));
    assertThat(Idx.labels(gzip("labels.gz", labels))).isEqualTo(bytes(5, 0, 255));
    assertNoLabels("is not an IDX file of labels", file("images", IDX_2X1X3));
    assertNoLabels("the 3 labels", file("short", Arrays.copyOf(labels, 10)));
    assertNoLabels("the 3 labels", file("long", concat(labels, bytes(1))));
    assertNoLabels("the -1 labels", file("less", bytes(0, 0, 8, 1, 255, 255, 255, 255)));
    assertNoLabels("truncated", file("header", Arrays.copyOf(labels, 6)));
    byte[] packed = Files.readAllBytes(gzip("whole.gz", labels));
    assertNoLabels("truncated", file("cut.gz", Arrays.copyOf(packed, packed.length - 12)));
  }

  private static void assertNoLabels(String message, Path file) {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> Idx.labels(file))
        .withMessageContaining(message)
        .withMessageContaining(file.getFileName().toString());
  }

  @Test
  void shouldSayWhatIsWrongWithAFile() throws Exception {
    assertRefused("holds labels", file("labels", bytes(0, 0, 8, 1, 0, 0, 0, 1, 5)));
    assertRefused("00000d03", file("floats", bytes(0, 0, 13, 3, 0, 0, 0, 1)));
    assertRefused("truncated", file("short", Arrays.copyOf(IDX_2X1X3, 21)));
    assertRefused("truncated", gzip("short.gz", Arrays.copyOf(IDX_2X1X3, 21)));
    byte[] packed = Files.readAllBytes(gzip("whole.gz", IDX_2X1X3));
    assertRefused("truncated", file("cut.gz", Arrays.copyOf(packed, packed.length - 12)));
    assertRefused("truncated", file("header", Arrays.copyOf(IDX_2X1X3, 9)));
    assertRefused("goes on after", file("long", concat(IDX_2X1X3, bytes(0))));
    assertRefused("0 images", file("none", bytes(0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1)));
    assertRefused(
        "2 GiB", file("huge", bytes(0, 0, 8, 3, 127, 0, 0, 0, 127, 0, 0, 0, 127, 0, 0, 0)));
    assertRefused("is not an IDX file", file("text", bytes('h', 'e', 'l', 'l', 'o')));
    assertRefused("is not an IDX file", file("empty", bytes()));
    assertRefused("holds no .png", Files.createDirectory(folder.resolve("hollow")));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> open(folder.resolve("missing")));
  }

  @Test
  void shouldNotAllocateWhatATruncatedFileOnlyStates() throws Exception {
    Path liar =
        file("liar", bytes(0, 0, 8, 3, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 1, 2, 3)); // 1 GiB
    long before = ImageDecoderTest.allocatedBytes();
    assertRefused("truncated", liar);
    assertThat(ImageDecoderTest.allocatedBytes() - before).isLessThan(4 << 20);
  }

  private static ImageDataset open(Path path) throws IOException {
    return ImageDatasets.open(List.of(path));
  }

  private static byte[] pngOf(int level) {
    return png(new PixelImage(1, 1, 2, bytes(level, level)));
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
  }

  private Path gzip(String name, byte[] content) throws IOException {
    Path path = folder.resolve(name);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(path))) {
      out.write(content);
    }
    return path;
  }

  private static void assertRefused(String message, Path path) {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> open(path))
        .withMessageContaining(message);
  }
}
