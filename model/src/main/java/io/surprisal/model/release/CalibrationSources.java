package io.surprisal.model.release;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Which source each calibration image came from: camera, scanner or pipeline. Equal when names and
 * places are.
 *
 * @param names of the sources, at most {@value #MOST}, each once and of at most {@value
 *     #MOST_CHARACTERS} characters
 * @param of each image the position of its source in {@code names}, or −1: one that is not told
 *     apart; empty where none is
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content
public record CalibrationSources(List<String> names, int[] of) {

  /** Where it is not known of any image. */
  public static final CalibrationSources UNKNOWN = new CalibrationSources(List.of(), new int[0]);

  /** How many sources are told apart: names come from outside. */
  public static final int MOST = 64;

  static final int MOST_CHARACTERS = 256;
  private static final int OTHER = -1;

  /**
   * @throws IllegalArgumentException if there are too many names, one is too long or there twice,
   *     or a position has none
   */
  public CalibrationSources {
    names = List.copyOf(names);
    if (names.size() > MOST
        || new HashSet<>(names).size() < names.size()
        || names.stream().anyMatch(name -> !isName(name))) {
      throw new IllegalArgumentException(
          "calibration: %d sources; at most %d are told apart, by names of 1 to %d characters"
              .formatted(names.size(), MOST, MOST_CHARACTERS));
    }
    for (int position : of) {
      if (position < OTHER || position >= names.size()) {
        throw new IllegalArgumentException(
            "calibration: source %d of %d".formatted(position, names.size()));
      }
    }
  }

  /**
   * Of images in their order. Those of the sources with the most images are told apart.
   *
   * @param sources of each image, empty where it is not known
   */
  public static CalibrationSources of(List<String> sources) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    sources.stream()
        .filter(CalibrationSources::isName)
        .forEach(name -> counts.merge(name, 1, Integer::sum));
    if (counts.isEmpty()) {
      return UNKNOWN;
    }
    List<String> most =
        new ArrayList<>(
            counts.keySet().stream()
                .sorted(Comparator.comparing((String name) -> -counts.getOrDefault(name, 0)))
                .limit(MOST)
                .sorted()
                .toList());
    Map<String, Integer> positions = new LinkedHashMap<>();
    most.forEach(name -> positions.put(name, positions.size()));
    return new CalibrationSources(
        most, sources.stream().mapToInt(name -> positions.getOrDefault(name, OTHER)).toArray());
  }

  private static boolean isName(String name) {
    return !name.isEmpty() && name.length() <= MOST_CHARACTERS;
  }

  /** Name of the source of an image; empty where it is not told apart. */
  public Optional<String> source(int image) {
    return of.length == 0 || of[image] == OTHER
        ? Optional.empty()
        : Optional.of(names.get(of[image]));
  }

  /** The images of a source, ascending; none of a source that is not told apart. */
  public int[] images(String name) {
    int position = names.indexOf(name);
    return IntStream.range(0, of.length)
        .filter(image -> position >= 0 && of[image] == position)
        .toArray();
  }

  /** The same of some images, in the order given. */
  CalibrationSources only(int[] which) {
    return of.length == 0
        ? this
        : new CalibrationSources(names, Arrays.stream(which).map(image -> of[image]).toArray());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CalibrationSources that
        && names.equals(that.names)
        && Arrays.equals(of, that.of);
  }

  @Override
  public int hashCode() {
    return names.hashCode() * 31 + Arrays.hashCode(of);
  }
}
