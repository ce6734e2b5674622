/**
 * The mathematics of the diffusion: noise schedules, times, the variational bound term by term,
 * counter-based noise, and sampling. Knows {@code images}, {@code network} and {@code runtime}.
 */
package io.surprisal.model.diffusion;
