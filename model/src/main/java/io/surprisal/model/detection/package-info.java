/**
 * Whether a likelihood is alarming: conformal p-values, typicality, and verdicts that are certain
 * early. Knows {@code release} and {@code scoring}; calibration fits it, the stream asks it.
 */
package io.surprisal.model.detection;
