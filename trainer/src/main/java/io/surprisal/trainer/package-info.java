/**
 * The sidecar that keeps learning from the image stream. Its way from an image to the release that
 * serves goes through the rooms: the images and verdicts that come ({@link
 * io.surprisal.trainer.drift}) fill a {@link io.surprisal.trainer.reservoir} and show whether the
 * stream has changed; a {@link io.surprisal.trainer.run} trains on what the reservoir holds; what
 * passes the gate is tried and announced as a {@link io.surprisal.trainer.release}; all of it as
 * the {@link io.surprisal.trainer.cluster} has been told so far.
 *
 * <p>Here is what holds them together: {@link io.surprisal.trainer.TrainerProcess}, of which one in
 * a cluster is the {@link io.surprisal.trainer.ActiveTrainer}. Knows all rooms, and none of them
 * knows this one.
 */
package io.surprisal.trainer;
