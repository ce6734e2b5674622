package io.surprisal.model.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Something beside their content by which two sets of pictures are told apart: a detection that
 * does so too may be about that.
 *
 * @param by what it is, in words
 * @param auroc of the more telling direction, at least ½
 */
public record Giveaway(String by, double auroc) {

  /** Distance of an area from ½ above which something tells. */
  private static final double TELLS = 0.25;

  /**
   * What gives the two sets away.
   *
   * @param normal traits of at least one picture
   * @param anomalous the same
   */
  public static List<Giveaway> among(List<PictureTraits> normal, List<PictureTraits> anomalous) {
    List<Giveaway> found = new ArrayList<>();
    consider("brightness", normal, anomalous, t -> OptionalDouble.of(t.brightness()), found);
    consider("file size", normal, anomalous, PictureTraits::bytes, found);
    consider("time of the file", normal, anomalous, PictureTraits::modified, found);
    consider("number in the file's name", normal, anomalous, PictureTraits::number, found);
    return List.copyOf(found);
  }

  private static void consider(
      String by,
      List<PictureTraits> normal,
      List<PictureTraits> anomalous,
      Function<PictureTraits, OptionalDouble> trait,
      List<Giveaway> found) {
    double[] of = values(normal, trait);
    double[] others = values(anomalous, trait);
    if (of.length < normal.size() || others.length < anomalous.size()) {
      return; // not all have it
    }
    double area = Separation.auroc(of, others);
    if (Math.abs(area - 0.5) > TELLS) {
      found.add(new Giveaway(by, Math.max(area, 1 - area)));
    }
  }

  private static double[] values(
      List<PictureTraits> pictures, Function<PictureTraits, OptionalDouble> trait) {
    return pictures.stream().map(trait).flatMapToDouble(OptionalDouble::stream).toArray();
  }

  /** A sentence for people. */
  public String sentence() {
    return String.format(
        Locale.ROOT,
        "The two sets are told apart by %s alone, too (AUROC %.2f): what is said here may be about that, not about what is wrong with the pictures.",
        by,
        auroc);
  }
}
