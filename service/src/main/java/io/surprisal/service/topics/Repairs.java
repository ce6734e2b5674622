package io.surprisal.service.topics;

import io.surprisal.schemas.ImageRepair;
import java.util.List;
import java.util.stream.Collectors;

/** What had to be repaired, at the end of a line for people. */
final class Repairs {
  private Repairs() {}

  /** Empty where nothing was. */
  static String text(List<ImageRepair> repairs) {
    return repairs.isEmpty()
        ? ""
        : repairs.stream()
            .map(String::valueOf)
            .collect(Collectors.joining(",", "  repaired: ", ""));
  }
}
