package io.surprisal.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GiveawayTest {
  @TempDir private Path folder;

  private static PixelImage grey(int value) {
    return new PixelImage(1, 1, 2, new byte[] {(byte) value, (byte) value});
  }

  private PictureTraits file(String name, int bytes, long millis, int brightness)
      throws IOException {
    Path file = Files.write(folder.resolve(name), new byte[bytes]);
    Files.setLastModifiedTime(file, FileTime.fromMillis(millis));
    return PictureTraits.ofFile(grey(brightness), file);
  }

  @Test
  void shouldNameWhatTellsTheSetsApart() throws IOException {
    List<PictureTraits> normal = new ArrayList<>();
    List<PictureTraits> anomalous = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      normal.add(file("2005%02d.jpg".formatted(i), 100 + i, 1_000_000, 200 + i));
      anomalous.add(file("2006%02d.jpg".formatted(i), 100 + i, 1_000_000, 201 + i));
    }

    List<Giveaway> found = Giveaway.among(normal, anomalous);

    assertThat(found).containsExactly(new Giveaway("number in the file's name", 1));
    assertThat(found.get(0).sentence()).contains("AUROC 1.00").contains("number in the file");
  }

  @Test
  void shouldLookInEitherDirectionAndAtWhatAllHave() throws IOException {
    List<PictureTraits> dark = List.of(PictureTraits.of(grey(10)), PictureTraits.of(grey(20)));
    List<PictureTraits> light =
        List.of(PictureTraits.of(grey(200)), file("1.png", 5, 1_000_000, 240));

    assertThat(Giveaway.among(light, dark)).containsExactly(new Giveaway("brightness", 1));
    assertThat(dark.get(1).brightness()).isEqualTo(20);
  }
}
