/**
 * How a release gets from the trainer to the scorers: a directory under its id ({@link
 * io.surprisal.handover.ReleaseStore}), or pieces in a topic ({@link
 * io.surprisal.handover.ReleaseChunks}), signed where keys are set, and announced on the topic
 * {@code releases}. Knows the contracts and the model; who trains and who scores know it.
 */
package io.surprisal.handover;
