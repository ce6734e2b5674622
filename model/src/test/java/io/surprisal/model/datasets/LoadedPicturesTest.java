package io.surprisal.model.datasets;

import static io.surprisal.model.decoding.EncodedImages.bytes;
import static io.surprisal.model.decoding.EncodedImages.png;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.surprisal.model.decoding.ImageDecoderTest;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadedPicturesTest {
  private static final PixelImage GREY = ImageDecoderTest.gradient(1, 4, 7);
  private static final PixelImage COLOUR = new PixelImage(3, 4, 7, new byte[84]).withChannels(3);

  @TempDir private Path folder;

  private PictureFiles files(Interpretation how, PixelImage... images) throws Exception {
    for (int i = 0; i < images.length; i++) {
      Files.write(folder.resolve(i + ".png"), png(images[i]));
    }
    return PictureFiles.open(List.of(folder), how);
  }

  private static PixelImage red() {
    byte[] samples = new byte[84];
    samples[0] = -1;
    return new PixelImage(3, 4, 7, samples);
  }

  @Test
  void shouldTakeGreyAsColourWhereMostAreInColour() throws Exception {
    LoadedPictures loaded =
        LoadedPictures.alike(files(Interpretation.usual(), GREY, COLOUR, red()));

    assertThat(loaded.shape()).isEqualTo(new ImageShape(3, 4, 7));
    assertThat(loaded.image(0)).isEqualTo(GREY.withChannels(3));
    assertThat(loaded.leftOut()).isEmpty();
  }

  @Test
  void shouldLeaveColoursOutWhereMostAreGreyUnlessToldToTakeTheirLuma() throws Exception {
    Interpretation luma = Interpretation.usual().with(Interpretation.Colour.LUMA);
    LoadedPictures refusing =
        LoadedPictures.alike(files(Interpretation.usual(), GREY, red(), GREY, COLOUR, GREY));
    LoadedPictures taking = LoadedPictures.alike(PictureFiles.open(List.of(folder), luma));

    assertThat(IntStream.range(0, refusing.size()).mapToObj(refusing::name))
        .containsExactly("0.png", "2.png", "3.png", "4.png");
    assertThat(refusing.leftOut())
        .singleElement()
        .satisfies(why -> assertThat(why).startsWith("1.png: The image has colours"));
    assertThat(taking.size()).isEqualTo(5);
    assertThat(taking.image(1)).isEqualTo(red().withChannels(1));
  }

  @Test
  void shouldGiveAReleaseItsShape() throws Exception {
    PictureFiles files =
        files(Interpretation.usual(), GREY, red(), ImageDecoderTest.gradient(1, 9, 9));
    Preprocessing preprocessing = Preprocessing.resizing(new ImageShape(1, 3, 3));

    LoadedPictures loaded = LoadedPictures.of(files, preprocessing);

    assertThat(loaded.size()).isEqualTo(2);
    assertThat(loaded.image(0)).isEqualTo(preprocessing.apply(GREY));
    assertThat(loaded.name(1)).isEqualTo("2.png");
  }

  @Test
  void shouldSayWhereNoneCanBeUsed() throws Exception {
    PictureFiles files = files(Interpretation.usual(), red());

    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadedPictures.of(files, Preprocessing.resizing(new ImageShape(1, 3, 3))))
        .withMessageContaining("none of 1 pictures can be used; the first: 0.png: The image has");
  }

  @Test
  void shouldCountWhatAFolderHoldsBesidePictures() throws Exception {
    for (String name :
        List.of("a.heic", "b.HEIC", "c.txt", "README", ".DS_Store", "x.\u001b[2J", "y.a b")) {
      Files.write(folder.resolve(name), bytes(1));
    }
    PassedOver passedOver = files(Interpretation.usual(), GREY).passedOver();

    assertThat(passedOver).hasToString("3 others, 2 .heic, 1 .ds_store, 1 .txt");
    assertThat(passedOver.and(passedOver)).hasToString("6 others, 4 .heic, 2 .ds_store, 2 .txt");
    assertThat(PassedOver.NONE.isEmpty()).isTrue();
  }

  @Test
  void shouldSkipWhatIsTooLargeToBeAPicture() throws Exception {
    PictureFiles.open(List.of(Files.write(folder.resolve("a.png"), png(GREY))));
    Path huge = folder.resolve("huge.tif");
    try (var file = new java.io.RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength(3L << 30); // sparse
    }

    assertThat(PictureFiles.open(List.of(folder)).skipped())
        .singleElement()
        .satisfies(skipped -> assertThat(skipped.reason()).contains("3221225472 bytes; at most"));
  }
}
