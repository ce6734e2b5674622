package io.surprisal.model.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What lies in a folder, at any depth.
 *
 * @param files named as picture files that are read, at least one, sorted by path
 * @param passedOver the others
 */
public record PictureFolder(List<Path> files, PassedOver passedOver) {

  private static final List<String> ENDINGS =
      List.of(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp");

  public PictureFolder {
    files = List.copyOf(files);
  }

  /**
   * Looks, and follows links.
   *
   * @throws NoPicturesException if no file is named as a picture
   * @throws IOException if a part of it cannot be listed
   */
  public static PictureFolder look(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      Map<Boolean, List<Path>> all =
          walk.filter(Files::isRegularFile)
              .sorted()
              .collect(Collectors.partitioningBy(PictureFolder::isNamedAsPicture));
      TreeMap<String, Integer> others = new TreeMap<>();
      of(all, false).forEach(file -> others.merge(PassedOver.kind(file), 1, Integer::sum));
      PassedOver passedOver = new PassedOver(others);
      if (of(all, true).isEmpty()) {
        throw new NoPicturesException(folder, passedOver);
      }
      return new PictureFolder(of(all, true), passedOver);
    } catch (UncheckedIOException unreadable) {
      throw new IOException(
          folder
              + " cannot be listed: "
              + Objects.requireNonNull(unreadable.getCause()).getMessage(),
          unreadable);
    }
  }

  private static List<Path> of(Map<Boolean, List<Path>> all, boolean picture) {
    return Objects.requireNonNull(all.get(picture));
  }

  /** Whether a file's name ends as that of a picture file that is read. */
  public static boolean isNamedAsPicture(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return ENDINGS.stream().anyMatch(name::endsWith);
  }

  /** The endings of picture files, for people. */
  static String endings() {
    return String.join(", ", ENDINGS);
  }
}
