package io.surprisal.model.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.model.detection.LocalEvidence.Box;
import io.surprisal.model.detection.LocalEvidence.Thumbnail;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.release.LocalControl;
import io.surprisal.model.release.LocalNormal;
import io.surprisal.model.scoring.EvidenceMap;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LocalEvidenceTest {
  private static final int HEIGHT = 60;
  private static final int WIDTH = 80;

  /** Of independent pixels of mean 0 and variance 1. */
  private static final LocalNormal NOISE =
      normal(List.of(5, 9, 15), List.of(0f, 0f, 0f), List.of(1f / 5, 1f / 9, 1f / 15));

  private static LocalNormal normal(
      List<Integer> windows, List<Float> means, List<Float> deviations) {
    return new LocalNormal(LocalControl.NONE, windows, 1, 1, means, deviations);
  }

  private static EvidenceMap noise(long seed) {
    Random random = new Random(seed);
    float[] bits = new float[HEIGHT * WIDTH];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = (float) random.nextGaussian();
    }
    return new EvidenceMap(HEIGHT, WIDTH, bits);
  }

  private static EvidenceMap calm(int height, int width) {
    return new EvidenceMap(height, width, new float[height * width]);
  }

  private static void plant(EvidenceMap map, int top, int left, int side, float bits) {
    for (int y = top; y < top + side; y++) {
      for (int x = left; x < left + side; x++) {
        map.bits()[y * map.width() + x] += bits;
      }
    }
  }

  private static boolean covers(Box box, int top, int left, int side) {
    return box.top() <= top
        && box.left() <= left
        && box.top() + box.height() >= top + side
        && box.left() + box.width() >= left + side;
  }

  /**
   * A square of 9 × 9 that is 4 brighter lies 36 standard deviations out in its own window, and 4
   * less in one beside it.
   */
  @Test
  void shouldFindABrightSquareInNoise() {
    for (long seed = 0; seed < 20; seed++) {
      EvidenceMap map = noise(seed);
      double before = new LocalEvidence(map, NOISE).statistic();
      assertThat(before).isBetween(2.0, 6.0);
      plant(map, 20, 30, 9, 4);
      LocalEvidence evidence = new LocalEvidence(map, NOISE);
      // the noise of its own window has a standard deviation of 1
      assertThat(evidence.statistic()).isCloseTo(36, within(5.0));
      assertThat(evidence.strongest()).isEqualTo(new Box(20, 30, 9, 9, evidence.statistic()));
      assertThat(evidence.at(24, 34)).isEqualTo((float) evidence.statistic());
      List<Box> boxes = evidence.above(8);
      assertThat(boxes).hasSize(1);
      Box box = boxes.get(0);
      assertThat(covers(box, 20, 30, 9)).isTrue();
      assertThat(box.surprise()).isEqualTo(evidence.statistic());
      // no further from it than the largest window and half the smallest
      assertThat(box.top()).isGreaterThanOrEqualTo(20 - 10);
      assertThat(box.left()).isGreaterThanOrEqualTo(30 - 10);
      assertThat(box.top() + box.height()).isLessThanOrEqualTo(29 + 10);
      assertThat(box.left() + box.width()).isLessThanOrEqualTo(39 + 10);
      assertThat(evidence.above(evidence.statistic())).isEmpty();
      assertThat(evidence.above(Math.nextDown(evidence.statistic()))).hasSize(1);
    }
  }

  @Test
  void shouldOutlineTwoSquaresTheMoreSurprisingFirst() {
    EvidenceMap map = noise(1);
    plant(map, 8, 10, 9, 3);
    plant(map, 40, 60, 9, 5);
    List<Box> boxes = new LocalEvidence(map, NOISE).above(10);
    assertThat(boxes).hasSize(2);
    assertThat(covers(boxes.get(0), 40, 60, 9)).isTrue();
    assertThat(boxes.get(0).surprise()).isCloseTo(45, within(5.0));
    assertThat(covers(boxes.get(1), 8, 10, 9)).isTrue();
    assertThat(boxes.get(1).surprise()).isCloseTo(27, within(5.0));
  }

  @Test
  void shouldOutlineTheMostSurprisingOfManyRegions() {
    EvidenceMap map = calm(200, 200);
    for (int i = 0; i < 25; i++) {
      plant(map, 10 + 40 * (i / 5), 10 + 40 * (i % 5), 5, 1 + i);
    }
    List<Box> boxes =
        new LocalEvidence(map, normal(List.of(5), List.of(0f), List.of(1f))).above(0.5);
    assertThat(boxes)
        .hasSize(LocalEvidence.MOST_BOXES)
        .isSortedAccordingTo(Comparator.comparingDouble(Box::surprise).reversed());
    assertThat(boxes.get(0).surprise()).isCloseTo(25, within(1e-6));
    assertThat(boxes.get(15).surprise()).isCloseTo(10, within(1e-6));
  }

  /** The mean of a window of three less 2, in halves. */
  @Test
  void shouldCompareTheMeanOfAWindowWithWhatIsUsual() {
    EvidenceMap map = new EvidenceMap(3, 4, new float[] {0, 0, 0, 9, 0, 9, 0, 9, 0, 9, 9, 9});
    LocalEvidence evidence = new LocalEvidence(map, normal(List.of(3), List.of(2f), List.of(0.5f)));
    assertThat(evidence.at(1, 1)).isEqualTo(2f);
    assertThat(evidence.at(1, 2)).isEqualTo(8f);
    // near the edge the nearest window's
    assertThat(evidence.at(1, 0)).isEqualTo(2f);
    assertThat(evidence.at(0, 1)).isEqualTo(2f);
    assertThat(evidence.at(2, 3)).isEqualTo(8f);
    assertThat(evidence.statistic()).isEqualTo(8);
    assertThat(evidence.strongest()).isEqualTo(new Box(0, 1, 3, 3, 8));
  }

  @Test
  void shouldCompareWithWhatIsUsualThere() {
    EvidenceMap map = calm(4, 6);
    plant(map, 0, 0, 1, 5);
    plant(map, 3, 5, 1, 4);
    LocalNormal halves =
        new LocalNormal(LocalControl.NONE, List.of(1), 1, 2, List.of(4f, 0f), List.of(1f, 0.5f));
    LocalEvidence evidence = new LocalEvidence(map, halves);
    assertThat(evidence.at(0, 0)).isEqualTo(1f);
    assertThat(evidence.at(0, 2)).isEqualTo(-4f);
    assertThat(evidence.at(0, 3)).isEqualTo(0f);
    assertThat(evidence.at(3, 5)).isEqualTo(8f);
    assertThat(evidence.strongest()).isEqualTo(new Box(3, 5, 1, 1, 8));
  }

  /**
   * In the middle the small window is 1 out, and the large one, the only of its size, 25/81/0.1.
   */
  @Test
  void shouldNameTheWindowThatTheStatisticIsOf() {
    EvidenceMap map = calm(9, 9);
    plant(map, 2, 2, 5, 1);
    LocalEvidence evidence =
        new LocalEvidence(map, normal(List.of(5, 9), List.of(0f, 0f), List.of(1f, 0.1f)));
    assertThat(evidence.statistic()).isCloseTo(250 / 81.0, within(1e-6));
    assertThat(evidence.strongest()).isEqualTo(new Box(0, 0, 9, 9, evidence.statistic()));
  }

  @Test
  void shouldKeepBoxesWithinThePicture() {
    EvidenceMap map = calm(20, 20);
    plant(map, 0, 0, 5, 1);
    plant(map, 15, 15, 5, 2);
    LocalEvidence evidence = new LocalEvidence(map, normal(List.of(5), List.of(0f), List.of(1f)));
    // of the square of 2 a window that holds half of it is above 0.99: it lies 2 beside it at most
    assertThat(evidence.above(0.99))
        .containsExactly(new Box(13, 13, 7, 7, 2), new Box(0, 0, 5, 5, 1));
  }

  @Test
  void shouldKnowNothingOfAPictureSmallerThanItsWindows() {
    LocalEvidence evidence = new LocalEvidence(calm(3, 4), NOISE);
    assertThat(evidence.statistic()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(evidence.above(-1e9)).isEmpty();
    assertThat(evidence.at(1, 1)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(evidence.thumbnail(8).values()).hasSize(12).containsOnly(0);
    Box strongest = evidence.strongest();
    assertThat(strongest.top() + strongest.height()).isLessThanOrEqualTo(3);
    assertThat(strongest.left() + strongest.width()).isLessThanOrEqualTo(4);
  }

  @Test
  void shouldUseTheWindowsThatFit() {
    EvidenceMap map = calm(8, 8);
    plant(map, 1, 2, 5, 1);
    LocalEvidence evidence = new LocalEvidence(map, NOISE);
    assertThat(evidence.strongest().surprise()).isCloseTo(5, within(1e-6));
    assertThat(evidence.strongest()).isEqualTo(new Box(1, 2, 5, 5, evidence.statistic()));
  }

  @Test
  void shouldKeepTheMaximumOfAThumbnailWhereItIs() {
    EvidenceMap map = noise(3);
    plant(map, 44, 61, 9, 4);
    LocalEvidence evidence = new LocalEvidence(map, NOISE);
    for (int side : List.of(1, 7, 16, 64, 100)) {
      Thumbnail thumbnail = evidence.thumbnail(side);
      assertThat(thumbnail.rows()).isEqualTo(Math.min(side, HEIGHT));
      assertThat(thumbnail.columns()).isEqualTo(Math.min(side, WIDTH));
      assertThat(thumbnail.values()).hasSize(thumbnail.rows() * thumbnail.columns());
      assertThat(thumbnail.scale()).isEqualTo(evidence.statistic());
      int cell =
          48 * thumbnail.rows() / HEIGHT * thumbnail.columns() + 65 * thumbnail.columns() / WIDTH;
      assertThat(thumbnail.values()[cell]).isEqualTo((byte) 255);
    }
  }

  /** Each cell holds the largest of its pixels, to half a step. */
  @Test
  void shouldKeepTheLargestSurpriseOfEachCellOfAThumbnail() {
    EvidenceMap map = noise(4);
    plant(map, 10, 10, 9, 1);
    LocalEvidence evidence = new LocalEvidence(map, NOISE);
    Thumbnail thumbnail = evidence.thumbnail(10);
    for (int cell = 0; cell < 100; cell++) {
      double largest = 0;
      for (int y = cell / 10 * 6; y < cell / 10 * 6 + 6; y++) {
        for (int x = cell % 10 * 8; x < cell % 10 * 8 + 8; x++) {
          largest = Math.max(largest, evidence.at(y, x));
        }
      }
      assertThat((thumbnail.values()[cell] & 0xff) * thumbnail.scale() / 255)
          .isCloseTo(largest, within(thumbnail.scale() / 509));
    }
  }

  /** Less than one standard deviation is not blown up to white. */
  @Test
  void shouldShowACalmPictureDark() {
    EvidenceMap map = calm(10, 10);
    plant(map, 3, 3, 5, 0.04f);
    Thumbnail thumbnail = new LocalEvidence(map, NOISE).thumbnail(10);
    assertThat(thumbnail.scale()).isEqualTo(1);
    assertThat(thumbnail.values()[55]).isEqualTo((byte) 51);
    Thumbnail less =
        new LocalEvidence(
                calm(10, 10),
                normal(List.of(5), Collections.nCopies(1, 3f), Collections.nCopies(1, 1f)))
            .thumbnail(10);
    assertThat(less.values()).containsOnly(0);
  }

  @Test
  void shouldEnlargeABoxToThePictureAsItCame() {
    LocalEvidence evidence = new LocalEvidence(calm(HEIGHT, WIDTH), NOISE);
    Box box = new Box(3, 5, 7, 9, 4.5);
    assertThat(evidence.inPicture(box, new PictureSize(4 * HEIGHT, 4 * WIDTH)))
        .isEqualTo(new Box(12, 20, 28, 36, 4.5));
    assertThat(evidence.inPicture(box, new PictureSize(HEIGHT, WIDTH))).isEqualTo(box);
    // 90 rows for 60, 100 columns for 80: rows 4.5 to 15, columns 6.25 to 17.5, outwards
    assertThat(evidence.inPicture(box, new PictureSize(90, 100)))
        .isEqualTo(new Box(4, 6, 11, 12, 4.5));
  }
}
