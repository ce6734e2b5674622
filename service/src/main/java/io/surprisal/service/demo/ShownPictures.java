package io.surprisal.service.demo;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.PictureFiles;
import io.surprisal.model.detection.AlertRule;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.service.options.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Shows pictures that lie on disk, over and over: the files as they are, as a camera sends them.
 * Each folder directly below the one that was named is a source; sources take turns, each in the
 * order of its files' names.
 */
final class ShownPictures implements DemoCamera {

  /** What a record takes beyond the file and twice its names, at most, bytes. */
  private static final int OVERHEAD = 1024;

  /** Whether the release has met the pictures before. */
  enum Standing {
    NEVER_SEEN("which the release has never seen"),
    UNKNOWN("of which the release may have seen some in its training");

    private final String words;

    Standing(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  private record Picture(ImageSource images, int at, String source) {
    String name() {
      return images.name(at);
    }
  }

  private final List<Picture> pictures;
  private final Standing standing;

  private ShownPictures(List<Picture> pictures, Standing standing) {
    this.pictures = pictures;
    this.standing = standing;
  }

  /**
   * Files of any sizes.
   *
   * @param name of the source that files outside a folder of their own come from
   */
  static ShownPictures of(PictureFiles files, String name, Standing standing) {
    Map<String, List<Picture>> bySource = new TreeMap<>();
    IntStream.range(0, files.size())
        .boxed()
        .sorted(Comparator.comparing(files::name))
        .forEach(
            i -> {
              Path path = Path.of(files.name(i));
              String source = path.getNameCount() > 1 ? path.getName(0).toString() : name;
              bySource
                  .computeIfAbsent(source, s -> new ArrayList<>())
                  .add(
                      new Picture(
                          new ImageSource.Encoded(files.file(i), files.name(i)), 0, source));
            });
    return new ShownPictures(inTurns(bySource), standing);
  }

  private static List<Picture> inTurns(Map<String, List<Picture>> bySource) {
    int longest = bySource.values().stream().mapToInt(List::size).max().orElse(0);
    return IntStream.range(0, longest)
        .boxed()
        .flatMap(
            turn ->
                bySource.values().stream().filter(of -> turn < of.size()).map(of -> of.get(turn)))
        .toList();
  }

  /**
   * The images of IDX and CIFAR files.
   *
   * @param name of their source
   */
  static ShownPictures of(ImageDataset images, String name) {
    ImageSource raw = new ImageSource.Raw(images);
    return new ShownPictures(
        IntStream.range(0, images.size()).mapToObj(i -> new Picture(raw, i, name)).toList(),
        Standing.UNKNOWN);
  }

  /**
   * Those of some files that a topic takes.
   *
   * @param most largest record of the topic, bytes
   * @param leftOut is told of each of the others
   * @throws IOException if none is left, or one cannot be read
   */
  static PictureFiles fitting(PictureFiles files, int most, LeftOut leftOut) throws IOException {
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      long bytes = Files.size(files.file(i));
      if (bytes + OVERHEAD + 8L * files.name(i).length() <= most) {
        kept.add(i);
      } else {
        leftOut.picture(
            files.name(i),
            "it has %,d bytes, and the demo's topic takes records of at most %,d"
                .formatted(bytes, most));
      }
    }
    if (kept.isEmpty()) {
      throw new IOException(
          "none of the %d pictures fits the %,d bytes that the demo's topic takes; shrink them"
              .formatted(files.size(), most));
    }
    return files.subset(kept.stream().mapToInt(i -> i).toArray());
  }

  /** Is told what is not shown. */
  @FunctionalInterface
  interface LeftOut {
    void picture(String name, String why);
  }

  /** How many there are. */
  int size() {
    return pictures.size();
  }

  @Override
  public Shot shot(long index) {
    Picture picture = pictures.get((int) (index % pictures.size()));
    long round = index / pictures.size();
    String id = picture.name() + (round == 0 ? "" : "@" + round);
    return new Shot(id, picture.source(), Optional.empty(), false, round);
  }

  @Override
  public ImageEvent event(long index) throws IOException {
    Shot shot = shot(index);
    Picture picture = pictures.get((int) (index % pictures.size()));
    try {
      ImageEvent event = picture.images().event(picture.at(), shot.source(), Instant.now());
      event.setImageId(shot.id());
      return event;
    } catch (ImageRejectedException e) { // was looked at beforehand, so it has changed since
      throw new IOException(picture.name() + ": " + e.getMessage(), e);
    }
  }

  @Override
  public DemoTally tally(AlertRule rule, String release) {
    return new PictureTally(pictures.size(), standing);
  }
}
