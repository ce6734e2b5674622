/**
 * From an image to its bound: how it is estimated, which noise and times it is evaluated at, the
 * evaluations on a device, and what they say together. Knows {@code release} and the rooms that one
 * is made of, {@code datasets} and {@code runtime}; batching, calibration, detection, variance and
 * fit use it.
 */
package io.surprisal.model.scoring;
