/**
 * Steering: each command sends one record to trainer and scorers and waits for the answer, tells
 * the trainer what alerts are worth, or prints what they say and announce. {@link
 * io.surprisal.service.steer.SteerCommands} lists the commands. May know {@code cli}, {@code
 * options}, {@code schemas} and the {@code handover}, for signatures.
 */
package io.surprisal.service.steer;
