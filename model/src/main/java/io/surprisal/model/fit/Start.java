package io.surprisal.model.fit;

import io.surprisal.model.release.Release;

/** Where a run begins. */
public sealed interface Start {

  /** From new weights. */
  record Anew() implements Start {}

  /**
   * From the weights of a release.
   *
   * @param release of the network that is trained
   */
  record From(Release release) implements Start {}

  /** From the checkpoint beside the release that the run is to write. */
  record Resumed() implements Start {}
}
