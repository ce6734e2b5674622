package io.surprisal.model.datasets;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.concat;
import static io.surprisal.model.decoding.EncodedImages.jpeg;
import static io.surprisal.model.decoding.EncodedImages.png;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.datasets.PictureFiles.Skipped;
import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.decoding.ImageDecoderTest;
import io.surprisal.model.decoding.Repair;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.PixelImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFilesTest {
  private static final PixelImage GREY = ImageDecoderTest.gradient(1, 4, 7);
  private static final PixelImage COLOUR = ImageDecoderTest.gradient(3, 5, 3);

  @TempDir private Path folder;

  @Test
  void shouldReadPicturesOfDifferentSizesAtAnyDepth() throws Exception {
    Files.createDirectories(folder.resolve("b/deep"));
    file("c.png", png(GREY));
    file("b/deep/x.PNG", png(COLOUR));
    file("a.png", png(COLOUR));
    file("notes.txt", bytes(1));
    PictureFiles pictures = PictureFiles.open(List.of(folder));
    assertThat(IntStream.range(0, pictures.size()).mapToObj(pictures::name))
        .containsExactly("a.png", Path.of("b", "deep", "x.PNG").toString(), "c.png");
    assertThat(IntStream.range(0, 3).mapToObj(pictures::size))
        .containsExactly(new PictureSize(5, 3), new PictureSize(5, 3), new PictureSize(4, 7));
    assertThat(pictures.file(1)).isEqualTo(folder.resolve("b/deep/x.PNG"));
    assertThat(pictures.image(1)).isEqualTo(COLOUR);
    assertThat(pictures.image(2)).isEqualTo(GREY);
    assertThat(pictures.skipped()).isEmpty();
  }

  @Test
  void shouldJoinFilesAndFoldersInTheOrderGiven() throws Exception {
    Files.createDirectory(folder.resolve("more"));
    Path last = file("a.png", png(GREY));
    file("more/b.png", png(COLOUR));
    PictureFiles pictures = PictureFiles.open(List.of(folder.resolve("more"), last));
    assertThat(IntStream.range(0, pictures.size()).mapToObj(pictures::name))
        .containsExactly("b.png", "a.png");
  }

  @Test
  void shouldSkipABrokenFileAndSayWhy() throws Exception {
    byte[] whole = png(GREY);
    file("a.png", whole);
    Path cut = file("cut.png", Arrays.copyOf(whole, whole.length - 32));
    Path text = file("text.jpg", bytes('h', 'e', 'l', 'l', 'o'));
    PictureFiles pictures = PictureFiles.open(List.of(folder));
    assertThat(pictures.size()).isEqualTo(1);
    assertThat(pictures.image(0)).isEqualTo(GREY);
    assertThat(pictures.skipped()).extracting(Skipped::file).containsExactly(cut, text);
    assertThat(pictures.skipped().get(0).reason()).contains("The PNG ends before");
    assertThat(pictures.skipped().get(1).reason()).contains("neither a PNG nor a JPEG");
  }

  /** A picture may be complete as far as its structure tells; only its pixels are not. */
  @Test
  void shouldDecodeNothingBeforeItIsAskedFor() throws Exception {
    byte[] whole = jpeg(ImageDecoderTest.gradient(1, 20, 60), false);
    byte[] half = concat(Arrays.copyOf(whole, whole.length - 60), bytes(0xff, 0xd9));
    PictureFiles pictures = PictureFiles.open(List.of(file("half.jpg", half)));
    assertThat(pictures.size(0)).isEqualTo(new PictureSize(20, 60));
    assertThat(pictures.skipped()).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pictures.image(0))
        .withMessageContaining("half.jpg")
        .withMessageContaining("breaks off");
  }

  @Test
  void shouldReadAPictureAnewEachTime() throws Exception {
    Path file = file("a.png", png(GREY));
    PictureFiles pictures = PictureFiles.open(List.of(file));
    assertThat(pictures.image(0)).isEqualTo(pictures.image(0)).isNotSameAs(pictures.image(0));
    Files.delete(file);
    assertThat(pictures.size(0)).isEqualTo(new PictureSize(4, 7));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pictures.image(0))
        .withMessageContaining("a.png cannot be read any more");
  }

  @Test
  void shouldFindTheLevelsOfSixteenBits() throws Exception {
    BufferedImage deep = new BufferedImage(40, 50, BufferedImage.TYPE_USHORT_GRAY);
    for (int i = 0; i < 2000; i++) {
      deep.getRaster().setSample(i % 40, i / 40, 0, i == 0 ? 60_000 : i == 1 ? 3 : 500 + i);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(deep, "png", out);
    file("deep.png", out.toByteArray());
    file("shallow.png", png(GREY));
    assertThat(PictureFiles.open(List.of(folder)).levels())
        .contains(new Interpretation.Levels(503, 2498));
    assertThat(PictureFiles.open(List.of(folder.resolve("shallow.png"))).levels()).isEmpty();
  }

  @Test
  void shouldSayWhatWasRepaired() throws Exception {
    byte[] whole = png(GREY);
    Path damaged = file("a.png", Arrays.copyOf(whole, whole.length - 12));
    DecodedImage read = PictureFiles.open(List.of(damaged)).read(0);
    assertThat(read.pixels()).isEqualTo(GREY);
    assertThat(read.repairs()).containsExactly(Repair.NO_END_MARKER);
  }

  @Test
  void shouldRefuseAPathThatDoesNotExist() throws Exception {
    Path there = file("a.png", png(GREY));
    assertThatExceptionOfType(NoSuchFileException.class)
        .isThrownBy(() -> PictureFiles.open(List.of(there, folder.resolve("missing.png"))))
        .withMessageContaining("missing.png");
  }

  @Test
  void shouldRefuseWhereNothingIsUsable() throws Exception {
    file("a.png", bytes(1, 2, 3));
    file("b.png", bytes(1));
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> PictureFiles.open(List.of(folder)))
        .withMessageContaining("none of 2 files is a picture")
        .withMessageContaining("a.png: These 3 bytes are neither");
    Path hollow = Files.createDirectory(folder.resolve("hollow"));
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> PictureFiles.open(List.of(hollow)))
        .withMessageContaining("holds no .png");
  }

  @Test
  void shouldRefuseNoPathsAtAll() {
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> PictureFiles.open(List.of()));
  }

  @Test
  void shouldTellPicturesFromOtherFilesByTheirNames() {
    Path picture = Path.of("a.JPeG");
    assertThat(PictureFiles.isAllOf(List.of(folder, picture, Path.of("b.png")))).isTrue();
    assertThat(PictureFiles.isAllOf(List.of(folder, Path.of("images.idx")))).isFalse();
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
  }
}
