/**
 * Statistics by source, release and window of event time, and the comparison with a candidate.
 * Knows the room serving.
 */
package io.surprisal.topology.statistics;
