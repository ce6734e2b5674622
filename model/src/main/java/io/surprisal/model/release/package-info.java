/**
 * The immutable file that is served: weights, configuration, calibration, provenance, and the
 * hashes that hold it together. Knows {@code checks}, {@code diffusion}, {@code images} and {@code
 * network}; whoever makes, hands over or serves releases uses it.
 */
package io.surprisal.model.release;
