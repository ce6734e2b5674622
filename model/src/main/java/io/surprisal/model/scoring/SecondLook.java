package io.surprisal.model.scoring;

import io.surprisal.model.images.Tiling;
import io.surprisal.model.release.FirstLook;
import io.surprisal.model.release.LocalNormal;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Says which tiles of a picture are looked at again after the first look. A pure function of that,
 * so that a picture is scored alike wherever it is. Threads may share an instance.
 */
public final class SecondLook {
  private final LocalNormal normal;
  private final FirstLook first;
  private final int tileHeight;
  private final int tileWidth;

  SecondLook(LocalNormal normal, int tileHeight, int tileWidth) {
    this.normal = normal;
    this.first = normal.firstLook().orElseThrow();
    this.tileHeight = tileHeight;
    this.tileWidth = tileWidth;
  }

  /**
   * The tiles that a window touches which is more surprising than the threshold, or that is the
   * most surprising of the picture.
   *
   * @param picture after the first look at all tiles
   * @param corners of all tiles
   * @return positions in {@code corners}, ascending; at least one where any window fits the picture
   */
  public List<Integer> of(ImageLikelihood picture, List<Tiling.Corner> corners) {
    EvidenceMap evidence = picture.evidence().orElseThrow();
    Surprise surprise = Surprise.of(evidence, normal, first);
    int width = evidence.width();
    float[] hot = new float[evidence.height() * width];
    mark(surprise, surprise.strongest(), hot);
    for (int pixel = 0; pixel < hot.length; pixel++) {
      if (surprise.at(pixel) > first.threshold()) {
        mark(surprise, pixel, hot);
      }
    }
    BoxMeans shares = new BoxMeans(evidence.height(), width, hot);
    return IntStream.range(0, corners.size())
        .filter(
            i -> shares.of(corners.get(i).top(), corners.get(i).left(), tileHeight, tileWidth) > 0)
        .boxed()
        .toList();
  }

  /** Marks a window, which lies in the picture where one fits. */
  private static void mark(Surprise surprise, int pixel, float[] hot) {
    if (!surprise.measured(pixel)) {
      return;
    }
    int half = surprise.window(pixel) / 2;
    int row = pixel / surprise.width();
    int column = pixel % surprise.width();
    for (int y = row - half; y <= row + half; y++) {
      for (int x = column - half; x <= column + half; x++) {
        hot[y * surprise.width() + x] = 1;
      }
    }
  }

  /**
   * The score of a picture from those of its tiles: their terms after the first look, of all alike,
   * and what each pixel adds after as many as it has had.
   *
   * @param picture after the first look at all tiles
   * @param corners of all tiles
   * @param opened what {@link #of} gave
   * @param again the tiles that were looked at again, in that order, after all evaluations
   */
  public static ImageLikelihood whole(
      ImageLikelihood picture,
      List<Tiling.Corner> corners,
      List<Integer> opened,
      List<ImageLikelihood> again) {
    return picture.withEvidence(
        picture
            .evidence()
            .orElseThrow()
            .lookedAtAgain(
                again.stream().map(tile -> tile.evidence().orElseThrow()).toList(),
                opened.stream().map(corners::get).toList()));
  }
}
