/**
 * Steering: each command sends one record to trainer and scorers and waits for the answer, tells
 * the trainer what alerts are worth, or prints what they say and announce. {@link
 * io.surprisal.service.steer.SteerCommands} lists the commands; {@link
 * io.surprisal.service.steer.ReviewSender} and {@link io.surprisal.service.steer.CommandSender}
 * send for whoever else has something to say. May know {@code cli}, {@code options}, {@code
 * schemas} and the {@code handover}, for signatures.
 */
package io.surprisal.service.steer;
