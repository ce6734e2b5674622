package io.surprisal.model.datasets;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Pictures of one shape in memory, each decoded once. Those that cannot be used are left out, and
 * said.
 */
public final class LoadedPictures implements ImageDataset {

  /**
   * A picture.
   *
   * @param name what to call it
   */
  private record Named(String name, PixelImage image) {}

  private final List<Named> pictures;
  private final List<String> leftOut;

  private LoadedPictures(List<Named> pictures, List<String> leftOut) {
    this.pictures = List.copyOf(pictures);
    this.leftOut = List.copyOf(leftOut);
  }

  /**
   * Pictures of one size as they are. Where some are grey and some in colour, all become what the
   * most are; colours among grey ones are left out, unless the interpretation takes their luma.
   *
   * @throws IllegalArgumentException if none can be used
   */
  public static LoadedPictures alike(PictureFiles files) {
    List<String> leftOut = new ArrayList<>();
    List<Named> decoded = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      decoded(files, i, leftOut).ifPresent(decoded::add);
    }
    requireSome(decoded, leftOut);
    PixelImage first = decoded.get(0).image();
    long grey = decoded.stream().filter(picture -> picture.image().channels() == 1).count();
    Interpretation how = files.interpretation();
    Preprocessing preprocessing =
        Preprocessing.resizing(
                new ImageShape(2 * grey > decoded.size() ? 1 : 3, first.height(), first.width()))
            .with(how);
    List<Named> alike = new ArrayList<>();
    for (Named picture : decoded) {
      applied(picture, preprocessing, leftOut).ifPresent(alike::add);
    }
    return new LoadedPictures(requireSome(alike, leftOut), leftOut);
  }

  /**
   * Pictures as a release that sees them whole takes them.
   *
   * @throws IllegalArgumentException if none can be used
   */
  public static LoadedPictures of(ImageSource source, Preprocessing preprocessing) {
    List<String> leftOut = new ArrayList<>();
    List<Named> taken = new ArrayList<>();
    for (int i = 0; i < source.size(); i++) {
      decoded(source, i, leftOut)
          .flatMap(picture -> applied(picture, preprocessing, leftOut))
          .ifPresent(taken::add);
    }
    return new LoadedPictures(requireSome(taken, leftOut), leftOut);
  }

  private static Optional<Named> decoded(ImageSource source, int index, List<String> leftOut) {
    try {
      return Optional.of(new Named(source.name(index), source.image(index)));
    } catch (IllegalArgumentException e) {
      leftOut.add(String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private static Optional<Named> applied(
      Named picture, Preprocessing preprocessing, List<String> leftOut) {
    try {
      return Optional.of(new Named(picture.name(), preprocessing.apply(picture.image())));
    } catch (ImageRejectedException e) {
      leftOut.add(picture.name() + ": " + e.getMessage());
      return Optional.empty();
    }
  }

  private static List<Named> requireSome(List<Named> pictures, List<String> leftOut) {
    if (pictures.isEmpty()) {
      throw new IllegalArgumentException(
          "none of %d pictures can be used; the first: %s"
              .formatted(leftOut.size(), leftOut.get(0)));
    }
    return pictures;
  }

  /** What cannot be used, each with its name and the reason. */
  public List<String> leftOut() {
    return leftOut;
  }

  @Override
  public int size() {
    return pictures.size();
  }

  @Override
  public int channels() {
    return pictures.get(0).image().channels();
  }

  @Override
  public int height() {
    return pictures.get(0).image().height();
  }

  @Override
  public int width() {
    return pictures.get(0).image().width();
  }

  @Override
  public PixelImage image(int index) {
    return pictures.get(index).image();
  }

  @Override
  public String name(int index) {
    return pictures.get(index).name();
  }
}
