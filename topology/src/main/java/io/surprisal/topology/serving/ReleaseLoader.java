package io.surprisal.topology.serving;

import io.surprisal.model.batching.BatchScorer;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import java.util.function.Function;

/**
 * Brings releases onto the devices of this member, all beside each other in one batch scorer.
 *
 * @param execution where to run a release, and how precisely
 * @param scoring of its images
 * @param batches that all releases share; stays the caller's
 */
public record ReleaseLoader(
    Function<Release, Execution> execution, Scoring scoring, BatchScorer batches) {

  /**
   * Loads a release, and scores an image with it, so that the first is no later; the caller closes
   * it.
   *
   * @throws IllegalArgumentException if the release cannot serve here: it gives no finite score
   */
  ServedRelease load(Release release) {
    return new ServedRelease(release, execution.apply(release), scoring, batches);
  }
}
