/**
 * Reads the stream beside the scorers: images into the reservoir, verdicts into sequential tests of
 * whether images have changed for good. Knows the rooms {@code cluster}, for how to read its
 * topics, and {@code reservoir}.
 */
package io.surprisal.trainer.drift;
