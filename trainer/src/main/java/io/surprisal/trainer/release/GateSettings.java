package io.surprisal.trainer.release;

/**
 * What a candidate is measured by: the rise that it is allowed, and how it would be served.
 *
 * @param tolerance increase of held-out bits/dim over the active release that passes, and of
 *     bits/dim on live images
 * @param evaluations K that scorers serve with
 * @param alertRate share of normal images that scorers alert on
 */
public record GateSettings(double tolerance, int evaluations, double alertRate) {}
