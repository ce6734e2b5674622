package io.surprisal.model.release;

import java.util.List;

/**
 * Where a release that was trained from a stream comes from.
 *
 * @param runId training run that made it
 * @param parent id of the release whose weights training started from; empty: from new weights
 * @param trigger why the run was started, in words
 * @param window of the stream that the images of the run lie in, by partition
 * @param software name and version of what made it
 */
public record Provenance(
    String runId, String parent, String trigger, List<Range> window, String software) {

  /**
   * A part of the stream.
   *
   * @param topic of the images
   * @param partition of the topic
   * @param first smallest offset of an image of the run
   * @param last greatest one
   */
  public record Range(String topic, int partition, long first, long last) {}

  public Provenance {
    window = List.copyOf(window);
  }
}
