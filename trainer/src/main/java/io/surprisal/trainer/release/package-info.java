/**
 * Whether a candidate may serve, and which release does: the gate on held-out images, the trial on
 * live ones, and what is stored and announced of releases. Knows the room {@code cluster}.
 */
package io.surprisal.trainer.release;
