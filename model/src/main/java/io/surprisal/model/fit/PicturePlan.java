package io.surprisal.model.fit;

import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PictureSize;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How pictures go through a network: at which scale, and in what tiles.
 *
 * @param preprocessing the choice
 * @param usual the commonest size of the pictures
 * @param sizes how many sizes they have
 */
public record PicturePlan(Preprocessing preprocessing, PictureSize usual, int sizes) {

  /** Pictures with a longer side are seen tile by tile unless told otherwise. */
  public static final int LARGEST_WHOLE = 64;

  public static final int DEFAULT_TILE = 32;

  /**
   * A usual picture has at most so many tiles, where its shorter side allows and the scale is not
   * set.
   */
  private static final int MOST_TILES = 160;

  private static final int LOOKED_AT = 16;
  private static final Logger LOG = LoggerFactory.getLogger(PicturePlan.class);

  /**
   * What a user has set.
   *
   * @param reduction r of scale 1/r
   * @param tile side of a tile
   * @param largestSide that a usual picture may have after shrinking
   */
  public record Wishes(OptionalInt reduction, OptionalInt tile, OptionalInt largestSide) {
    public boolean isSet() {
      return reduction.isPresent() || tile.isPresent() || largestSide.isPresent();
    }
  }

  /** Whether pictures are too large, or too different in size, to go through a network whole. */
  public static boolean isNeededFor(PictureFiles pictures) {
    PictureSize first = pictures.size(0);
    return IntStream.range(0, pictures.size())
        .mapToObj(pictures::size)
        .anyMatch(size -> !size.equals(first) || size.largestSide() > LARGEST_WHOLE);
  }

  /**
   * Chooses what is not set: the finest scale at which a usual picture has few enough tiles to be
   * scored while somebody waits.
   *
   * @throws IllegalArgumentException if a usual picture would be smaller than a tile
   */
  public static PicturePlan of(PictureFiles pictures, Wishes wishes) {
    return of(
        IntStream.range(0, pictures.size()).mapToObj(pictures::size).toList(),
        channels(pictures),
        pictures.interpretation(),
        wishes);
  }

  /**
   * As {@link #of(PictureFiles, Wishes)}, of pictures that are no files.
   *
   * @param sizes of all, at least one
   * @param channels of most
   * @param how files were understood, and are to be
   */
  public static PicturePlan of(
      List<PictureSize> sizes, int channels, Interpretation how, Wishes wishes) {
    PictureSize usual = commonest(sizes);
    int tile = wishes.tile().orElseGet(() -> usualTile(usual));
    int reduction =
        wishes
            .reduction()
            .orElseGet(
                () ->
                    wishes.largestSide().isPresent()
                        ? atMost(usual, wishes.largestSide().getAsInt())
                        : affordable(usual, tile));
    Tiling tiling = new Tiling(reduction, tile);
    if (tiling.reduced(usual.height()) < tile || tiling.reduced(usual.width()) < tile) {
      throw new IllegalArgumentException(
          "a picture of %s at scale %s is smaller than a tile of %d×%d; take a smaller --tile or a finer --scale"
              .formatted(usual, tiling.scale(), tile, tile));
    }
    return new PicturePlan(
        Preprocessing.tiled(new ImageShape(channels, tile, tile), tiling).with(how),
        usual,
        (int) sizes.stream().distinct().count());
  }

  /** Whether pictures, most of which are like this, are seen by tiles unless told otherwise. */
  public static boolean isTooLargeToBeWhole(ImageShape most) {
    return Math.max(most.height(), most.width()) > LARGEST_WHOLE;
  }

  /** The size that most have; of equally many the larger. */
  private static PictureSize commonest(List<PictureSize> sizes) {
    return sizes.stream()
        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()))
        .entrySet()
        .stream()
        .max(
            Map.Entry.<PictureSize, Long>comparingByValue()
                .thenComparing(
                    Map.Entry.comparingByKey(Comparator.comparingInt(PictureSize::largestSide))))
        .orElseThrow()
        .getKey();
  }

  /** As large as usual, or as a small picture allows; the network may halve it twice. */
  private static int usualTile(PictureSize usual) {
    return Math.max(8, Math.min(DEFAULT_TILE, Math.min(usual.height(), usual.width()) / 4 * 4));
  }

  private static int atMost(PictureSize usual, int largestSide) {
    return Math.max(1, (usual.largestSide() + largestSide - 1) / largestSide);
  }

  private static int affordable(PictureSize usual, int tile) {
    int reduction = 1;
    while (Math.min(usual.height(), usual.width()) / (reduction + 1) >= tile
        && new Tiling(reduction, tile).count(usual.height(), usual.width(), tile, tile)
            > MOST_TILES) {
      reduction++;
    }
    return reduction;
  }

  /** Of most of a few pictures from all over the folder. */
  private static int channels(PictureFiles pictures) {
    int colour = 0;
    int grey = 0;
    Optional<IllegalArgumentException> first = Optional.empty();
    int looked = Math.min(LOOKED_AT, pictures.size());
    for (int i = 0; i < looked; i++) {
      try {
        if (pictures.image((int) ((long) i * pictures.size() / looked)).channels() == 1) {
          grey++;
        } else {
          colour++;
        }
      } catch (IllegalArgumentException e) {
        first = first.isEmpty() ? Optional.of(e) : first;
      }
    }
    if (colour + grey == 0) {
      throw first.orElseThrow();
    }
    boolean luma = pictures.interpretation().colour() == Interpretation.Colour.LUMA;
    if (colour > 0 && grey > 0) {
      LOG.warn(
          "of {} pictures looked at {} are grey and {} colour: {}",
          looked,
          grey,
          colour,
          colour >= grey
              ? "grey ones are taken as colour"
              : luma ? "colour is taken as grey" : "those with colours are left out");
    }
    return colour >= grey ? 3 : 1;
  }

  /** Tiles of a usual picture. */
  public int tiles() {
    return preprocessing
        .tiling()
        .orElseThrow()
        .count(usual.height(), usual.width(), preprocessing.height(), preprocessing.width());
  }

  /** What becomes of the pictures, for people. */
  @Override
  public String toString() {
    return preprocessing.of(usual.height(), usual.width())
        + (sizes > 1 ? "; so are pictures of %d other sizes".formatted(sizes - 1) : "");
  }
}
