package io.surprisal.model.camera;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.camera.Defect.Contrast;
import io.surprisal.model.camera.Defect.Kind;
import io.surprisal.model.datasets.Idx;
import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.decoding.EncodedImages;
import io.surprisal.model.images.PixelImage;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SurfaceCameraTest {

  private static final int SIZE = 32;

  @Test
  void shouldDrawTheSameFramesOnEveryMachine() {
    CRC32 checksum = new CRC32();
    frames(new SurfaceCamera(7, 0.5, SIZE), 60).forEach(f -> checksum.update(f.image().pixels()));
    assertThat(checksum.getValue()).isEqualTo(811_881_959L);
  }

  @Test
  void shouldDrawAFrameByItsIndexAlone() {
    SurfaceCamera camera = new SurfaceCamera(1, 0.5, SIZE);
    CameraFrame late = camera.frame(1_000_000_007L);
    camera.frame(3);
    assertThat(new SurfaceCamera(1, 0.5, SIZE).frame(1_000_000_007L)).isEqualTo(late);
    assertThat(new SurfaceCamera(2, 0.5, SIZE).frame(1_000_000_007L).image())
        .isNotEqualTo(late.image());
    assertThat(frames(camera, 500).map(CameraFrame::image).distinct()).hasSize(500);
  }

  @Test
  void shouldChangeExactlyTheMaskByTheContrastStated() {
    SurfaceCamera normal = new SurfaceCamera(3, 0, SIZE);
    Map<Contrast, Integer> seen = new EnumMap<>(Contrast.class);
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    frames(new SurfaceCamera(3, 1, SIZE), 500)
        .forEach(
            frame -> {
              CameraFrame without = normal.frame(frame.index());
              Defect defect = frame.defect().orElseThrow();
              BitSet mask = defect.mask();
              assertThat(without.defect()).isEmpty();
              assertThat(without.surface()).isEqualTo(frame.surface());
              assertThat(mask.cardinality()).isGreaterThanOrEqualTo(40);
              IntSummaryStatistics changes = new IntSummaryStatistics();
              for (int i = 0; i < SIZE * SIZE; i++) {
                int change =
                    Math.abs(
                        (frame.image().pixels()[i] & 0xff) - (without.image().pixels()[i] & 0xff));
                assertThat(change > 0).isEqualTo(mask.get(i));
                if (change > 0) {
                  changes.accept(change);
                }
              }
              assertThat(changes.getMin()).isGreaterThanOrEqualTo(defect.contrast().least());
              assertThat(changes.getMax()).isLessThanOrEqualTo(defect.contrast().most());
              assertThat(defect.kind() != Kind.MISSING_THREAD || frame.surface() == Surface.WEAVE)
                  .isTrue();
              seen.merge(defect.contrast(), 1, Integer::sum);
              kinds.add(defect.kind());
            });
    assertThat(seen.values()).hasSize(3).allMatch(count -> count > 120);
    assertThat(kinds).hasSize(4);
  }

  @Test
  void shouldMakeTheImageLessPredictableWhereADefectIsClear() {
    SurfaceCamera normal = new SurfaceCamera(4, 0, SIZE);
    List<CameraFrame> clear =
        frames(new SurfaceCamera(4, 1, SIZE), 600)
            .filter(frame -> frame.defect().orElseThrow().contrast() == Contrast.CLEAR)
            .toList();
    assertThat(clear)
        .allSatisfy(
            frame ->
                assertThat(EncodedImages.png(frame.image()).length)
                    .isGreaterThan(
                        EncodedImages.png(normal.frame(frame.index()).image()).length + 16));
  }

  @Test
  void shouldShowTheThreeSurfacesEquallyOftenAndEquallyPredictable() {
    Map<Surface, List<CameraFrame>> bySurface =
        frames(new SurfaceCamera(5, 0, SIZE), 1500)
            .collect(Collectors.groupingBy(CameraFrame::surface));
    assertThat(bySurface).hasSize(3);
    // Five standard deviations of a binomial count of 1500 draws at one third.
    assertThat(bySurface.values()).allMatch(frames -> Math.abs(frames.size() - 500) < 92);
    double[] bitsPerPixel =
        bySurface.values().stream()
            .mapToDouble(
                frames ->
                    frames.stream()
                        .mapToDouble(f -> 8.0 * EncodedImages.png(f.image()).length / (SIZE * SIZE))
                        .average()
                        .orElseThrow())
            .sorted()
            .toArray();
    assertThat(bitsPerPixel[2] - bitsPerPixel[0]).isLessThan(0.35);
  }

  @Test
  void shouldNeverSaturate() {
    assertThat(frames(new SurfaceCamera(6, 1, SIZE), 2000))
        .allSatisfy(
            frame ->
                assertThat(
                        levels(frame.image()).getMin() > 0 && levels(frame.image()).getMax() < 255)
                    .isTrue());
    IntSummaryStatistics normal =
        frames(new SurfaceCamera(6, 0, SIZE), 2000)
            .map(frame -> levels(frame.image()))
            .collect(
                IntSummaryStatistics::new,
                IntSummaryStatistics::combine,
                IntSummaryStatistics::combine);
    assertThat(normal.getMin()).isGreaterThan(30);
    assertThat(normal.getMax()).isLessThan(225);
    assertThat(normal.getAverage()).isCloseTo(130, within(2.0));
  }

  @Test
  void shouldHaveDefectsAtTheRateAskedFor() {
    long defects =
        frames(new SurfaceCamera(8, 0.03, SIZE), 10_000)
            .filter(f -> f.defect().isPresent())
            .count();
    // 300 expected, standard deviation 17; four of them: wrong with probability 6e-5 for a fresh
    // seed.
    assertThat(defects).isBetween(232L, 368L);
  }

  @Test
  void shouldGiveNormalFramesAsADataset(@TempDir Path folder) throws Exception {
    SurfaceCamera camera = new SurfaceCamera(9, 1, SIZE);
    Path file = folder.resolve("normal.idx.gz");
    Idx.write(file, camera.normalFrames(100, 5));
    ImageDataset read = ImageDatasets.open(List.of(file));
    assertThat(IntStream.range(0, read.size()).mapToObj(read::image))
        .containsExactlyElementsOf(
            LongStream.range(100, 105)
                .mapToObj(i -> new SurfaceCamera(9, 0, SIZE).frame(i).image())
                .toList());
    assertThat(camera.normalFrames(100, 5).name(4)).isEqualTo("frame 104");
  }

  @Test
  void shouldDrawOtherSizes() {
    for (int size : new int[] {16, 28, 64}) {
      assertThat(frames(new SurfaceCamera(10, 1, size), 100))
          .allSatisfy(
              frame -> {
                assertThat(frame.image().height()).isEqualTo(size);
                assertThat(frame.defect().orElseThrow().mask().isEmpty()).isFalse();
              });
    }
    assertThatIllegalArgumentException().isThrownBy(() -> new SurfaceCamera(1, 0, 8));
    assertThatIllegalArgumentException().isThrownBy(() -> new SurfaceCamera(1, Double.NaN, SIZE));
  }

  private static Stream<CameraFrame> frames(SurfaceCamera camera, int count) {
    return LongStream.range(0, count).mapToObj(camera::frame);
  }

  private static IntSummaryStatistics levels(PixelImage image) {
    return IntStream.range(0, image.pixels().length)
        .map(i -> image.pixels()[i] & 0xff)
        .summaryStatistics();
  }
}
