/**
 * Training runs: when one is due, on which images and from which weights, the training itself up to
 * the gate's verdict, and what a killed trainer goes on from. Knows the rooms {@code cluster},
 * {@code reservoir}, {@code drift} and {@code release}.
 */
package io.surprisal.trainer.run;
