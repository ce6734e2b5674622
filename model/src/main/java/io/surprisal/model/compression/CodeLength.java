package io.surprisal.model.compression;

/**
 * How long an image has become.
 *
 * @param net bits that it has added to its message
 * @param bound bits of the variational bound in T steps, with the noise that the message gave
 */
public record CodeLength(double net, double bound) {}
