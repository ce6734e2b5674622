package io.surprisal.handover;

import io.surprisal.model.network.ModelConfiguration;
import io.surprisal.model.network.ModelConfiguration.Schedule;
import io.surprisal.model.release.Release;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Files of the smallest untrained networks. */
final class SmallReleases {
  private static final int SIDE = 8;

  private SmallReleases() {}

  /** Writes a release; seeds that differ give releases that differ. */
  static Release untrained(Path file, long seed) throws IOException {
    ModelConfiguration smallest =
        new ModelConfiguration(
            1, SIDE, SIDE, 8, 1, 2, 1e-6, List.of(), 0, -13.3, 5, Schedule.LEARNED_SCALAR);
    return Release.untrained(file, smallest, seed);
  }
}
