/**
 * How well normal and anomalous images are told apart, and by what: areas under curves with their
 * bootstrap intervals, what needs no network as a baseline, and whether what is found lies where
 * people marked it. Knows {@code images} and {@code detection}.
 */
package io.surprisal.model.evaluation;
