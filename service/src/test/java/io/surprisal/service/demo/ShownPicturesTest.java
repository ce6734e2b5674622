package io.surprisal.service.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShownPicturesTest {
  @TempDir private Path folder;

  private Path picture(String name, int side) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    byte[] pixels = new byte[side * side];
    new SplittableRandom(1).nextBytes(pixels); // which no PNG makes smaller
    Png.write(file, new PixelImage(1, side, side, pixels));
    return file;
  }

  private PictureFiles files() throws IOException {
    return PictureFiles.open(List.of(folder));
  }

  private static ShownPictures shown(PictureFiles files) {
    return ShownPictures.of(files, "camera", ShownPictures.Standing.NEVER_SEEN);
  }

  @Test
  void shouldTakeFoldersForSourcesThatTakeTurns() throws IOException {
    picture("b/2.png", 8);
    picture("b/1.png", 9);
    picture("b/deep/3.png", 8);
    picture("a/1.png", 8);
    picture("loose.png", 10);

    ShownPictures pictures = shown(files());

    assertThat(pictures.size()).isEqualTo(5);
    assertThat(LongStream.range(0, 5).mapToObj(i -> pictures.shot(i).id()))
        .containsExactly("a/1.png", "b/1.png", "loose.png", "b/2.png", "b/deep/3.png");
    assertThat(LongStream.range(0, 5).mapToObj(i -> pictures.shot(i).source()))
        .containsExactly("a", "b", "camera", "b", "b");
  }

  @Test
  void shouldSendTheFilesAsTheyAreOverAndOver() throws IOException {
    Path file = picture("x.png", 8);
    ShownPictures pictures = shown(files());

    ImageEvent first = pictures.event(0);
    ImageEvent third = pictures.event(2);

    assertThat(first.getFormat()).isEqualTo(BodyFormat.PNG);
    assertThat(first.getBody()).isEqualTo(ByteBuffer.wrap(Files.readAllBytes(file)));
    assertThat(first.getImageId()).isEqualTo("x.png");
    assertThat(first.getSource()).isEqualTo("camera");
    assertThat(third.getImageId()).isEqualTo("x.png@2");
    assertThat(third.getBody()).isEqualTo(first.getBody());
    assertThat(pictures.shot(2).round()).isEqualTo(2);
    assertThat(pictures.shot(2).frame()).isEmpty();
  }

  @Test
  void shouldSayWhichPicturesTheTopicDoesNotTake() throws IOException {
    Path small = picture("small.png", 8);
    Path large = picture("large.png", 200);
    int most = (int) Files.size(small) + 2000;
    assertThat(Files.size(large)).isGreaterThan(most);
    List<String> leftOut = new ArrayList<>();

    PictureFiles fitting =
        ShownPictures.fitting(files(), most, (name, why) -> leftOut.add(name + ": " + why));

    assertThat(fitting.size()).isEqualTo(1);
    assertThat(fitting.name(0)).isEqualTo("small.png");
    assertThat(leftOut).hasSize(1);
    assertThat(leftOut.get(0)).startsWith("large.png: it has ").contains("records of at most");
    assertThatThrownBy(() -> ShownPictures.fitting(files(), 1000, (name, why) -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("none of the 2 pictures");
  }

  @Test
  void shouldShowTheImagesOfADataSet() throws IOException {
    PixelImage image = new PixelImage(1, 1, 2, new byte[] {3, 4});
    ShownPictures images = ShownPictures.of(ImageDatasets.of(List.of(image, image)), "set");

    assertThat(images.event(1).getFormat()).isEqualTo(BodyFormat.GRAY8);
    assertThat(images.event(1).getWidth()).isEqualTo(2);
    assertThat(images.shot(1).source()).isEqualTo("set");
    assertThat(images.shot(3).round()).isEqualTo(1);
  }
}
