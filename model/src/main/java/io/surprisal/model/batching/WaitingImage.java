package io.surprisal.model.batching;

import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import java.util.concurrent.CompletableFuture;

/**
 * An image between two of its stages.
 *
 * @param lane that it was handed in by
 * @param evaluation so far
 * @param arrival when it was handed in, {@link System#nanoTime}
 * @param likelihood that its caller waits for
 */
record WaitingImage(
    Lane lane,
    ImageEvaluation evaluation,
    long arrival,
    CompletableFuture<ImageLikelihood> likelihood) {}
