package io.surprisal.model.images;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a release expects of an image, part of the release's metadata.
 *
 * @param channels 1 or 3
 * @param height rows of the network's input
 * @param width columns of the network's input
 * @param otherSizes what happens to an image of another size
 * @param tilingOrNull how a picture is cut into tiles; null unless {@code otherSizes} says so
 * @param interpretationOrNull how files are understood; null in releases that do not say
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Preprocessing(
    int channels,
    int height,
    int width,
    OtherSizes otherSizes,
    @JsonProperty("tiling") @Nullable Tiling tilingOrNull,
    @JsonProperty("interpretation") @Nullable Interpretation interpretationOrNull) {

  /** Most tiles of a picture: its answer must not take so long that the stream gives it up. */
  public static final int MOST_TILES = 1024;

  /** Pixels at the network's scale that something must be wide to show. */
  private static final int SMALLEST_VISIBLE = 3;

  /** What happens to an image whose size is not the network's. Nothing is ever cropped. */
  public enum OtherSizes {
    /** The whole image is resampled, see {@link Resampling}; its aspect ratio is not kept. */
    RESIZE,
    /** It is shrunk and cut into tiles, see {@link Tiling}; its aspect ratio is kept. */
    TILE
  }

  /**
   * @throws IllegalArgumentException if the shape is not one of an image, or the tiling does not go
   *     with the rest
   */
  public Preprocessing {
    if ((otherSizes == OtherSizes.TILE) != (tilingOrNull != null)
        || (tilingOrNull != null && tilingOrNull.stride() > Math.min(height, width))) {
      throw new IllegalArgumentException(
          "%s with %s of tiles of %d×%d".formatted(otherSizes, tilingOrNull, height, width));
    }
    if ((channels != 1 && channels != 3) || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "A network's input is 1 or 3 channels of at least 1×1 pixels, not "
              + ImageShape.text(channels, height, width));
    }
  }

  /** For the input of a network. */
  public static Preprocessing resizing(ImageShape shape) {
    return new Preprocessing(
        shape.channels(), shape.height(), shape.width(), OtherSizes.RESIZE, null, null);
  }

  /** For the input of a network that sees a picture tile by tile. */
  public static Preprocessing tiled(ImageShape tile, Tiling tiling) {
    return new Preprocessing(
        tile.channels(), tile.height(), tile.width(), OtherSizes.TILE, tiling, null);
  }

  /** The same, of files that are understood in a stated way. */
  public Preprocessing with(Interpretation interpretation) {
    return new Preprocessing(channels, height, width, otherSizes, tilingOrNull, interpretation);
  }

  /** How files are understood. */
  public Interpretation interpretation() {
    return interpretationOrNull == null ? Interpretation.unstated() : interpretationOrNull;
  }

  /** By how much pictures that are seen tile by tile are shrunk; 1 for those that are not. */
  public int reduction() {
    return tilingOrNull == null ? 1 : tilingOrNull.reduction();
  }

  /** How a picture is cut into tiles; empty where it is resized. */
  public Optional<Tiling> tiling() {
    return Optional.ofNullable(tilingOrNull);
  }

  /** The shape of the network's input. */
  public ImageShape shape() {
    return new ImageShape(channels, height, width);
  }

  /**
   * The image in the network's shape, or, where it is seen tile by tile, at the network's scale;
   * the same object if it is so already. A network for colour takes grey as colour of equal
   * samples, one for grey takes colour if it is grey in fact, or the {@link #interpretation} says
   * so.
   *
   * @throws ImageRejectedException with {@link Reason#WRONG_CHANNELS} if the image has colours and
   *     the network wants grey; with {@link Reason#TOO_SMALL} if it is smaller than a tile, and
   *     {@link Reason#TOO_LARGE} if it has more than {@value #MOST_TILES}
   */
  public PixelImage apply(PixelImage decoded) throws ImageRejectedException {
    if (channels == 1
        && interpretation().colour() == Interpretation.Colour.REFUSE
        && !decoded.isGrey()) {
      throw new ImageRejectedException(
          Reason.WRONG_CHANNELS,
          "The image has colours, the release was trained on grey images; send grey ones, or fit a release with --colour luma");
    }
    PixelImage image = decoded.withChannels(channels);
    if (tilingOrNull != null) {
      return reduced(image, tilingOrNull);
    }
    return image.height() == height && image.width() == width
        ? image
        : Resampling.resize(image, height, width);
  }

  private PixelImage reduced(PixelImage image, Tiling tiling) throws ImageRejectedException {
    int rows = tiling.reduced(image.height());
    int columns = tiling.reduced(image.width());
    if (rows < height || columns < width) {
      throw new ImageRejectedException(
          Reason.TOO_SMALL,
          "The picture of %d×%d is smaller than a tile of %d×%d at scale %s"
              .formatted(image.width(), image.height(), width, height, tiling.scale()));
    }
    int tiles = tiling.count(image.height(), image.width(), height, width);
    if (tiles > MOST_TILES) {
      throw new ImageRejectedException(
          Reason.TOO_LARGE,
          "The picture of %d×%d has %d tiles at scale %s; at most %d are scored: send it smaller, or fit a release at a coarser scale"
              .formatted(image.width(), image.height(), tiles, tiling.scale(), MOST_TILES));
    }
    return tiling.reduction() == 1 ? image : Resampling.resize(image, rows, columns);
  }

  /**
   * Where the parts of an image begin that go through the network, row by row: of its tiles, or of
   * itself.
   *
   * @param applied what {@link #apply} has made of it
   */
  public List<Tiling.Corner> corners(PixelImage applied) {
    return tilingOrNull == null
        ? List.of(new Tiling.Corner(0, 0))
        : tilingOrNull.corners(applied.height(), applied.width(), height, width);
  }

  /** The part of an image that begins at a corner. */
  public PixelImage tile(PixelImage applied, Tiling.Corner corner) {
    return tilingOrNull == null
        ? applied
        : applied.crop(corner.top(), corner.left(), height, width);
  }

  /**
   * What becomes of a picture that {@link #apply} takes, for people.
   *
   * @param decoded as it came
   */
  public String becomes(PixelImage decoded) {
    String colours =
        channels == 3 && decoded.channels() == 1
            ? ", grey as colour"
            : channels == 1 && !decoded.isGrey() ? ", colour as its luma" : "";
    if (tilingOrNull != null) {
      return tiles(decoded.height(), decoded.width(), tilingOrNull) + colours;
    }
    String taken = "%d×%d %s".formatted(width, height, channels == 1 ? "grey" : "colour");
    return decoded.height() == height && decoded.width() == width
        ? taken + ", as it is" + colours
        : taken + ", resized from %d×%d".formatted(decoded.width(), decoded.height()) + colours;
  }

  private String tiles(int pictureHeight, int pictureWidth, Tiling tiling) {
    return "%d×%d at scale %s: %d tiles of %d×%d"
        .formatted(
            pictureWidth,
            pictureHeight,
            tiling.scale(),
            tiling.count(pictureHeight, pictureWidth, height, width),
            width,
            height);
  }

  /**
   * What becomes of pictures of a size, for people.
   *
   * @param pictureHeight rows as it came
   * @param pictureWidth columns as it came
   */
  public String of(int pictureHeight, int pictureWidth) {
    if (tilingOrNull == null) {
      return pictureHeight == height && pictureWidth == width
          ? "%d×%d as they are".formatted(width, height)
          : "%d×%d resized to %d×%d".formatted(pictureWidth, pictureHeight, width, height);
    }
    return tiles(pictureHeight, pictureWidth, tilingOrNull)
        + "; what is under %d px wide in the picture cannot be seen"
            .formatted(SMALLEST_VISIBLE * tilingOrNull.reduction());
  }
}
