package io.surprisal.model.datasets;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Files in folders that are not named as a picture file that is read, counted by their kind.
 *
 * @param counts by the ending of the name, in lower case with its point; of names without a short,
 *     plain one together as {@value #OTHERS}
 */
public record PassedOver(SortedMap<String, Integer> counts) {

  /** Nothing. */
  public static final PassedOver NONE = new PassedOver(Collections.emptySortedMap());

  private static final String OTHERS = "others";

  private static final Pattern ENDING = Pattern.compile(".*(\\.[a-z0-9_-]{1,12})");

  /** Kinds that are named, the most frequent ones. */
  private static final int NAMED = 8;

  public PassedOver {
    counts = Collections.unmodifiableSortedMap(new TreeMap<>(counts));
  }

  /** Takes a file's name, of any characters, to its kind. */
  static String kind(Path file) {
    Matcher ending = ENDING.matcher(String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT));
    return ending.matches() ? ending.group(1) : OTHERS;
  }

  /** These and others. */
  public PassedOver and(PassedOver more) {
    SortedMap<String, Integer> all = new TreeMap<>(counts);
    more.counts.forEach((kind, count) -> all.merge(kind, count, Integer::sum));
    return new PassedOver(all);
  }

  public boolean isEmpty() {
    return counts.isEmpty();
  }

  /** Such as {@code 30 .heic, 2 .txt}, the most frequent kind first. */
  @Override
  public String toString() {
    String named =
        counts.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .limit(NAMED)
            .map(kind -> kind.getValue() + " " + kind.getKey())
            .collect(Collectors.joining(", "));
    return counts.size() <= NAMED
        ? named
        : named + " and " + (counts.size() - NAMED) + " more kinds";
  }
}
