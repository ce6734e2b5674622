/**
 * The demo's camera: procedural surfaces with defects of known kinds, filmed frame by frame. Knows
 * {@code datasets} and {@code images}; only the service's demo and laboratory use it.
 */
package io.surprisal.model.camera;
