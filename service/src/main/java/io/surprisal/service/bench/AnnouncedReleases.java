package io.surprisal.service.bench;

import io.surprisal.handover.DirectAnnouncement;
import io.surprisal.model.release.Calibration;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.Topics;
import io.surprisal.service.run.TemporaryCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Releases that are announced in turn. Network and cost are the same, the files and their ids
 * differ. There are more of them than stay loaded: each swap loads a file.
 */
final class AnnouncedReleases {
  private static final int VARIANTS = 3;

  private final TemporaryCluster cluster;
  private final Topics topics;
  private final List<Variant> variants = new ArrayList<>();
  private int announced;

  /** A release and its file. */
  private record Variant(Release release, Path file) {}

  /**
   * Writes the files.
   *
   * @param release calibrated
   */
  AnnouncedReleases(Release release, TemporaryCluster cluster, Topics topics) throws IOException {
    this.cluster = cluster;
    this.topics = topics;
    for (int i = 0; i < VARIANTS; i++) {
      variants.add(variant(release, i));
    }
  }

  /** The release with a calibration that lacks some scores, so that it has another id. */
  private Variant variant(Release release, int fewer) throws IOException {
    Calibration whole = release.calibration().orElseThrow();
    float[] scores = whole.bitsPerDim();
    Calibration calibration =
        new Calibration(
            whole.evaluations(),
            whole.precision(),
            Arrays.copyOf(scores, Math.max(1, scores.length - fewer)),
            whole.corrections(),
            whole.lossProfile(),
            whole.control());
    Path file = cluster.folder().resolve("variant-" + fewer + ".safetensors");
    return new Variant(release.recalibrated(file, calibration), file);
  }

  /** Where the announced files lie. */
  Path store() {
    return cluster.folder().resolve("store");
  }

  /** Makes the next one the active release of the topics. */
  void announceNext() throws IOException, InterruptedException {
    Variant next = variants.get(announced++ % variants.size());
    DirectAnnouncement.of(
        next.file(), next.release(), store(), cluster.clients(), topics, "surprisal bench swap");
  }
}
