/**
 * Images of 8-bit pixels, and what can be done to them without a network: resampling, damage, the
 * size and channels that a release expects, PNG. Knows the room {@code checks} alone; nearly every
 * room uses it.
 */
package io.surprisal.model.images;
