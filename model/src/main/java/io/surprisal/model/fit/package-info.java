/**
 * Training runs from data to release: split, learning curve, checkpoints, calibration, and which
 * network suits the images and the time. Knows {@code training}, {@code calibration}, {@code
 * scoring} and the rooms below them; the trainer and the service use it, no room of this module.
 */
package io.surprisal.model.fit;
