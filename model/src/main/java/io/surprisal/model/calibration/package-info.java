/**
 * What normal images score under a release: biases, control variates, typicality and losses over
 * time, measured before it is served. Knows {@code detection}, {@code variance} and {@code
 * scoring}, and the rooms below those; fit and the trainer use it.
 */
package io.surprisal.model.calibration;
