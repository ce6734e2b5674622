package io.surprisal.service.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OneClassTest {
  /** As the commands print, cut short. */
  private static final String FIT = "{\"release\":\"r\",\"heldOutBitsPerDim\":1.5}";

  private static final String DETECT =
      "{\"normal\":{\"images\":2,\"alerts\":{\"local\":0.1,\"combined\":0.25}},\"pairs\":[{\"name\":"
          + "\"others\",\"auroc\":{\"combined\":0.9,\"pca\":0.8},\"aurocInterval\":{\"combined\":"
          + "[0.85,0.95],\"pca\":[0.7,0.9]},\"caughtAt1Percent\":{\"combined\":0.5},\"caught\":{"
          + "\"combined\":0.75},\"normalImages\":2,\"images\":3}]}";

  @TempDir private Path folder;
  private final List<List<String>> ran = new ArrayList<>();

  @BeforeEach
  void writeImages() throws IOException {
    write("train", 0, 1, 1, 7, 1);
    write("t10k", 1, 0, 7, 1, 0, 1);
  }

  /** An image's pixel is its place. */
  private void write(String name, int... labels) throws IOException {
    List<PixelImage> images =
        IntStream.range(0, labels.length)
            .mapToObj(i -> new PixelImage(1, 1, 1, new byte[] {(byte) i}))
            .toList();
    Idx.write(folder.resolve(name + "-images-idx3-ubyte.gz"), ImageDatasets.of(images));
    ByteBuffer file = ByteBuffer.allocate(8 + labels.length).putInt(0x801).putInt(labels.length);
    for (int label : labels) {
      file.put((byte) label);
    }
    Files.write(folder.resolve(name + "-labels-idx1-ubyte"), file.array());
  }

  private OneClass study() throws IOException {
    return new OneClass(
        LabelledImages.read(folder, "train"),
        LabelledImages.read(folder, "t10k"),
        folder,
        new OneClass.Effort(0.5, 2, 9),
        arguments -> {
          ran.add(arguments);
          return arguments.get(0).equals("fit") ? FIT : DETECT;
        });
  }

  private List<Integer> places(String option, List<String> arguments) throws IOException {
    String value = arguments.get(arguments.indexOf(option) + 1);
    ImageDataset images =
        ImageDatasets.open(List.of(Path.of(value.substring(value.indexOf('=') + 1))));
    return IntStream.range(0, images.size())
        .mapToObj(i -> (int) images.image(i).pixels()[0])
        .toList();
  }

  @Test
  void shouldTrainOnOneClassAndCompareItWithAllOthers() throws Exception {
    assertThat(LabelledImages.read(folder, "train").classes()).containsExactly(0, 1, 7);

    study().measure(1);

    assertThat(ran).hasSize(2);
    List<String> fit = ran.get(0);
    List<String> detect = ran.get(1);
    assertThat(fit).startsWith("fit").containsSequence("--minutes", "0.5").contains("--json");
    assertThat(detect).startsWith("detect").containsSequence("--seed", "9").contains("--json");
    assertThat(detect.get(detect.indexOf("--release") + 1))
        .isEqualTo(fit.get(fit.indexOf("--out") + 1));
    assertThat(places("--data", fit)).containsExactly(1, 2, 4);
    assertThat(places("--baseline-data", detect)).containsExactly(1, 2, 4);
    assertThat(places("--normal", detect)).as("the first two of three").containsExactly(0, 3);
    assertThat(places("--anomalous", detect)).as("the first two of three").containsExactly(1, 2);
  }

  @Test
  void shouldReadWhatTheCommandsPrint() throws Exception {
    OneClass.Row row = study().measure(1);

    assertThat(row.trainingImages()).isEqualTo(3);
    assertThat(row.heldOutBitsPerDim()).isEqualTo(1.5);
    assertThat(row.normalImages()).isEqualTo(2);
    assertThat(row.otherImages()).isEqualTo(3);
    assertThat(row.normalAlerts()).isEqualTo(0.25);
    assertThat(row.otherAlerts()).isEqualTo(0.75);
    assertThat(row.auroc()).containsExactly(entry("combined", 0.9), entry("pca", 0.8));
    assertThat(row.aurocInterval()).containsEntry("pca", List.of(0.7, 0.9));
    assertThat(row.caughtAt1Percent()).containsExactly(entry("combined", 0.5));
  }

  @Test
  void shouldNameWhatIsMissing() throws Exception {
    assertThatThrownBy(() -> study().measure(3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("train-3");
    assertThat(ran).isEmpty();

    Path labels = folder.resolve("t10k-labels-idx1-ubyte");
    Files.copy(folder.resolve("train-labels-idx1-ubyte"), folder.resolve("other"));
    Files.move(folder.resolve("other"), labels, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> LabelledImages.read(folder, "t10k"))
        .hasMessageContaining("is of 6 images")
        .hasMessageContaining("of 5");
    Files.delete(labels);
    assertThatThrownBy(() -> LabelledImages.read(folder, "t10k"))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("t10k-labels-idx1-ubyte");
  }
}
