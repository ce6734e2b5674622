package io.surprisal.model.evaluation;

/**
 * A number that a sample gives, and how sure it is.
 *
 * @param value of the sample
 * @param low end of its 95 % bootstrap interval
 * @param high other end
 */
public record Estimate(double value, double low, double high) {}
