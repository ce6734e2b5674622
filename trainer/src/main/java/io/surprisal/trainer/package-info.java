/**
 * The sidecar that keeps learning from the image stream. The room is reserved: training itself
 * lives in {@code io.surprisal.model.training} and is reached through {@code surprisal fit}.
 */
package io.surprisal.trainer;
