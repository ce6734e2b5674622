package io.surprisal.topology.statistics;

import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.topology.serving.ShadowModel;
import io.surprisal.topology.serving.Shadowed;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images of one partition that the serving release has scored and the candidate has not yet. They
 * hold no image back: whose score the candidate has not is counted later, in the transaction of
 * that moment, or, where the member ends first, not at all. Bounded: beyond {@value #MOST} the
 * oldest is given up. For one thread.
 */
public final class Comparisons {

  public static final int MOST = 256;

  private static final Logger LOG = LoggerFactory.getLogger(Comparisons.class);

  private final SourceWindows windows;
  private final Deque<Awaited> awaited = new ArrayDeque<>();

  private record Awaited(
      WindowKey window,
      String source,
      Comparison.Judged served,
      ShadowModel candidate,
      CompletableFuture<ImageLikelihood> likelihood) {}

  public Comparisons(SourceWindows windows) {
    this.windows = windows;
  }

  /** The serving release has scored an image that the candidate was to score too. */
  public void add(WindowKey window, String source, Comparison.Judged served, Shadowed shadowed) {
    if (shadowed.likelihood().isEmpty()) {
      miss(window, shadowed.candidate());
      return;
    }
    awaited.add(
        new Awaited(
            window, source, served, shadowed.candidate(), shadowed.likelihood().orElseThrow()));
    if (awaited.size() > MOST) {
      Awaited oldest = awaited.remove();
      oldest.likelihood().cancel(false);
      miss(oldest.window(), oldest.candidate());
    }
  }

  private void miss(WindowKey window, ShadowModel candidate) {
    windows.compare(window, candidate.releaseId(), Comparison::withMissed);
  }

  /** Counts those that the candidate has scored meanwhile. */
  public void settle() {
    Iterator<Awaited> all = awaited.iterator();
    while (all.hasNext()) {
      Awaited image = all.next();
      if (image.likelihood().isDone()) {
        all.remove();
        settle(image);
      }
    }
  }

  private void settle(Awaited image) {
    if (image.likelihood().isCancelled()) {
      return; // the candidate is gone
    }
    ShadowModel candidate = image.candidate();
    ImageLikelihood likelihood;
    try {
      likelihood = image.likelihood().join();
    } catch (CompletionException e) {
      LOG.warn("Candidate {} failed", candidate.releaseId(), e);
      candidate.refusal().accept("it cannot score an image: " + e.getCause());
      return;
    }
    if (!Double.isFinite(likelihood.bitsPerDim())) {
      candidate.refusal().accept("it gives an image " + likelihood.bitsPerDim() + " bits/dim");
      return;
    }
    Comparison.Judged judged =
        new Comparison.Judged(
            likelihood.bitsPerDim(),
            candidate.rules().of(image.source()).judge(likelihood).alert());
    windows.compare(
        image.window(), candidate.releaseId(), before -> before.with(image.served(), judged));
  }

  public boolean isEmpty() {
    return awaited.isEmpty();
  }

  /** Gives all up. */
  public void abandon() {
    awaited.forEach(image -> image.likelihood().cancel(false));
    awaited.clear();
  }
}
