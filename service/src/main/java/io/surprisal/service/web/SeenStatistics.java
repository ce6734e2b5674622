package io.surprisal.service.web;

import io.surprisal.schemas.SourceStatistics;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The latest windows of each source, as each was told last. Bounded; its owner locks it. */
final class SeenStatistics {
  private static final int WINDOWS_OF_A_SOURCE = 64;

  private final Bounded<String, Bounded<WindowKey, SourceStatistics>> bySource;

  /** Of the records of one key the one told last holds. */
  private record WindowKey(long start, String releaseId, @Nullable Integer partition) {}

  SeenStatistics(int sources) {
    bySource = new Bounded<>(sources);
  }

  void add(SourceStatistics window) {
    Bounded<WindowKey, SourceStatistics> of = bySource.get(window.getSource());
    if (of == null) {
      of = new Bounded<>(WINDOWS_OF_A_SOURCE);
    }
    bySource.renew(window.getSource(), of);
    of.renew(
        new WindowKey(
            window.getWindowStart().toEpochMilli(),
            window.getReleaseId(),
            window.getImagesPartition()),
        window);
  }

  /** Of a source, the earliest first. */
  List<SourceStatistics> of(String source) {
    return Optional.ofNullable(bySource.get(source)).map(Map::values).stream()
        .flatMap(Collection::stream)
        .sorted(Comparator.comparing(SourceStatistics::getWindowStart))
        .toList();
  }

  void clear() {
    bySource.clear();
  }
}
