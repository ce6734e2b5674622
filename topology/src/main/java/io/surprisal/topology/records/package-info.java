/**
 * From records to images and from likelihoods to records: intake, scores, alerts, dead letters.
 * Knows the room serving.
 */
package io.surprisal.topology.records;
