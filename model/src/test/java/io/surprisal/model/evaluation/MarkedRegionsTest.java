package io.surprisal.model.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.EvidenceMap;
import java.awt.geom.Path2D;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MarkedRegionsTest {
  private static final String SQUARE = "[[20, 10], [31.5, 10], [31.5, 21.5], [20, 21.5]]";

  @TempDir private Path folder;

  private MarkedRegions read(String json) throws IOException {
    return MarkedRegions.read(Files.writeString(folder.resolve("marked.json"), json));
  }

  @Test
  void shouldFindAPictureByAsMuchOfItsPathAsThereIs() throws IOException {
    MarkedRegions regions =
        read(
            "{\"a/1.jpg\": [%1$s], \"b/1.jpg\": [%1$s, %1$s], \"b/2.jpg\": [%1$s], \"b/3.jpg\": []}"
                .formatted(SQUARE));

    assertThat(regions.pictures()).isEqualTo(3);
    assertThat(regions.of("b/1.jpg", Path.of("/x/b/1.jpg")).orElseThrow()).hasSize(2);
    assertThat(regions.of("1.jpg", Path.of("/x/a/1.jpg")).orElseThrow()).hasSize(1);
    assertThat(regions.of("2.jpg", Path.of("/x/damaged/2.jpg"))).isPresent();
    assertThat(regions.of("1.jpg", Path.of("/x/damaged/1.jpg"))).as("a or b").isEmpty();
    assertThat(regions.of("b/3.jpg", Path.of("/x/b/3.jpg"))).as("no polygon").isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a.png\": [[[1, 2], [3, 4]]]}",
        "{\"a.png\": [[[1, 2], [3, 4], [5]]]}",
        "{\"a.png\": [[[1, 2], [3, 4], [5, \"x\"]]]}",
        "{\"a.png\": [7]}",
        "{\"a.png\": 7",
        "[]"
      })
  void shouldSayWhatIsWrongWithAFile(String json) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("marked.json");
    assertThatThrownBy(() -> MarkedRegions.read(folder.resolve("none.json")))
        .isInstanceOf(NoSuchFileException.class);
  }

  /**
   * Evidence of a picture of 80×60 at scale ½ that is 9 in one pixel, with windows of one pixel.
   */
  private static LocalEvidence evidence(int row, int column) {
    float[] bits = new float[30 * 40];
    bits[row * 40 + column] = 9;
    LocalNormal normal =
        new LocalNormal(LocalControl.NONE, List.of(1), 1, 1, List.of(0f), List.of(1f));
    return new LocalEvidence(new EvidenceMap(30, 40, bits), normal);
  }

  /** The square covers rows 5 to 10 and columns 10 to 15 of the evidence. */
  @Test
  void shouldTellWhatLiesInsideFromWhatLiesNear() throws IOException {
    List<Path2D> polygons =
        read("{\"a.png\": [" + SQUARE + "]}").of("a.png", Path.of("a.png")).orElseThrow();
    RegionMask mask = new RegionMask(polygons, new PictureSize(60, 80), 30, 40);

    assertThat(mask.strongest(evidence(5, 10))).isEqualTo(9);
    assertThat(mask.strongest(evidence(10, 15))).isEqualTo(9);
    assertThat(mask.strongest(evidence(5, 17))).isZero();
    assertThat(mask.touchedBy(evidence(7, 12))).isTrue();
    assertThat(mask.touchedBy(evidence(7, 18))).as("5 px beyond").isTrue();
    assertThat(mask.touchedBy(evidence(7, 22))).as("13 px beyond").isFalse();
    assertThat(mask.touchedBy(evidence(20, 12))).isFalse();
    RegionMask other = new RegionMask(polygons, new PictureSize(60, 80), 60, 80);
    assertThat(other.fits(evidence(7, 12))).isFalse();
    assertThatIllegalArgumentException().isThrownBy(() -> other.strongest(evidence(7, 12)));
  }
}
