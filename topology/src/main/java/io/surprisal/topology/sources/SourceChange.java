package io.surprisal.topology.sources;

import io.surprisal.schemas.SourceAlertState;

/**
 * An incident begins or ends.
 *
 * @param at milliseconds of the wall clock
 */
record SourceChange(Incident incident, SourceAlertState state, long at) {}
