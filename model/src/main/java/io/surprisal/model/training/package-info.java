/**
 * Optimiser steps on the bound: what a user chooses of them, gradients, AdamW and Muon, and the
 * state of a run at rest. Knows {@code network}, {@code diffusion}, {@code datasets} and {@code
 * images}, {@code release}, {@code checks} and {@code runtime}; fit and the service's benches use
 * it.
 */
package io.surprisal.model.training;
