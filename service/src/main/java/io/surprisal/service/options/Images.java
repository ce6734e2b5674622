package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.datasets.ImageSource;
import io.surprisal.model.datasets.LoadedPictures;
import io.surprisal.model.datasets.PassedOver;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.datasets.ScaledPictures;
import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Images that the user names, in the shape that a release wants. */
public final class Images {
  private static final Logger LOG = LoggerFactory.getLogger(Images.class);

  /** Files that are named, of those that cannot be used. */
  private static final int MOST_NAMED = 20;

  private Images() {}

  /** Opens what {@code --data} names, as usually interpreted. */
  public static ImageDataset open(List<Path> paths) throws IOException {
    return open(paths, Interpretation.usual());
  }

  /** Opens what {@code --data} names. */
  public static ImageDataset open(List<Path> paths, Interpretation how) throws IOException {
    return ImageDatasets.open(paths, how);
  }

  /**
   * Pictures as a release takes them, whatever their sizes, and says once what becomes of them.
   *
   * @throws IOException if there are none, or the release can take none, for example colour for
   *     grey
   */
  public static ImageSource forRelease(List<Path> paths, Preprocessing preprocessing)
      throws IOException {
    Interpretation how = preprocessing.interpretation();
    if (preprocessing.tiling().isEmpty() && !PictureFiles.isAllOf(paths)) {
      ImageDataset data = open(paths, how);
      say(preprocessing, data.height(), data.width());
      return prepared(data, preprocessing);
    }
    ImageSource source = asTheyAre(paths, how);
    if (source instanceof PictureFiles files) {
      source = new SayingRepairs(files, ConcurrentHashMap.newKeySet());
    }
    PixelImage first = firstTaken(source, preprocessing);
    say(preprocessing, first.height(), first.width());
    return new ScaledPictures(source, preprocessing);
  }

  /** The first that the release takes; those before it are said when their turn comes. */
  private static PixelImage firstTaken(ImageSource source, Preprocessing preprocessing)
      throws IOException {
    Exception refused = null;
    for (int i = 0; i < source.size(); i++) {
      try {
        PixelImage image = source.image(i);
        preprocessing.apply(image);
        return image;
      } catch (ImageRejectedException | IllegalArgumentException e) {
        refused = refused == null ? e : refused;
      }
    }
    throw new IOException(
        "none of the %d pictures can be used; the first: %s: %s; convert them, or fit a release on pictures like them"
            .formatted(source.size(), source.name(0), Objects.requireNonNull(refused).getMessage()),
        refused);
  }

  /** Pictures of any sizes, or the images of data sets; says what is skipped. */
  public static ImageSource asTheyAre(List<Path> paths, Interpretation how) throws IOException {
    return PictureFiles.isAllOf(paths) ? pictures(paths, how) : open(paths, how);
  }

  /** Says what becomes of a picture of a size. */
  public static void say(Preprocessing preprocessing, int height, int width) {
    LOG.info("images: {}", preprocessing.of(height, width));
  }

  /** Opens picture files of any sizes, and says what is skipped; as usually interpreted. */
  public static PictureFiles pictures(List<Path> paths) throws IOException {
    return pictures(paths, Interpretation.usual());
  }

  /** Opens picture files of any sizes, and says what is skipped. */
  public static PictureFiles pictures(List<Path> paths, Interpretation how) throws IOException {
    PictureFiles pictures = PictureFiles.open(paths, how);
    sayLeftOut(
        pictures.skipped().stream().map(file -> file.file() + ": " + file.reason()).toList(),
        pictures.skipped().size() + pictures.size());
    sayIgnored(pictures.passedOver());
    return pictures;
  }

  /** Says which files of folders are of other kinds. */
  static void sayIgnored(PassedOver files) {
    if (!files.isEmpty()) {
      LOG.info("ignored {}", files);
    }
  }

  /** Loads pictures of one size, and says what cannot be used. */
  public static ImageDataset alike(PictureFiles pictures) {
    LoadedPictures loaded = LoadedPictures.alike(pictures);
    sayLeftOut(loaded.leftOut(), pictures.size());
    return loaded;
  }

  private static void sayLeftOut(List<String> leftOut, int of) {
    leftOut.stream().limit(MOST_NAMED).forEach(file -> LOG.warn("skipped: {}", file));
    if (!leftOut.isEmpty()) {
      LOG.warn(
          "skipped {} of {} files{}; --strict stops at the first",
          leftOut.size(),
          of,
          leftOut.size() > MOST_NAMED ? ", of which the first are named" : "");
    }
  }

  /**
   * Images as a release that sees them whole takes them.
   *
   * @throws IOException if there are none, or the release cannot take them
   */
  public static ImageDataset whole(List<Path> paths, Preprocessing preprocessing)
      throws IOException {
    if (preprocessing.tiling().isPresent() || !PictureFiles.isAllOf(paths)) {
      return prepared(open(paths, preprocessing.interpretation()), preprocessing);
    }
    PictureFiles pictures = pictures(paths, preprocessing.interpretation());
    LoadedPictures loaded = LoadedPictures.of(pictures, preprocessing);
    sayLeftOut(loaded.leftOut(), pictures.size());
    return loaded;
  }

  /**
   * Images as a release wants them: of another size they are resized as the stream does it.
   *
   * @throws IOException if the release cannot take them, for example colour for grey
   */
  public static ImageDataset prepared(ImageDataset data, Preprocessing preprocessing)
      throws IOException {
    if (preprocessing.tiling().isPresent()) {
      throw new IOException(
          "the release sees pictures tile by tile; this command measures networks that see them whole");
    }
    requireTaken(preprocessing, data.image(0), data.name(0));
    return new Prepared(new ScaledPictures(data, preprocessing), preprocessing);
  }

  private static void requireTaken(Preprocessing preprocessing, PixelImage image, String name)
      throws IOException {
    try {
      preprocessing.apply(image);
    } catch (ImageRejectedException e) {
      throw new IOException(
          name
              + ": "
              + e.getMessage()
              + "; convert the images, or fit a release on images like them",
          e);
    }
  }

  /** Pictures of files; says once of each what was repaired. */
  private record SayingRepairs(PictureFiles files, Set<Integer> said) implements ImageSource {
    @Override
    public int size() {
      return files.size();
    }

    @Override
    public PixelImage image(int index) {
      DecodedImage read = files.read(index);
      if (!read.repairs().isEmpty() && said.add(index)) {
        LOG.warn("repaired: {}: {}", files.file(index), read.repairs());
      }
      return read.pixels();
    }

    @Override
    public String name(int index) {
      return files.name(index);
    }
  }

  private record Prepared(ImageSource scaled, Preprocessing preprocessing) implements ImageDataset {
    @Override
    public int size() {
      return scaled.size();
    }

    @Override
    public int channels() {
      return preprocessing.channels();
    }

    @Override
    public int height() {
      return preprocessing.height();
    }

    @Override
    public int width() {
      return preprocessing.width();
    }

    @Override
    public PixelImage image(int index) {
      return scaled.image(index);
    }

    @Override
    public String name(int index) {
      return scaled.name(index);
    }
  }
}
