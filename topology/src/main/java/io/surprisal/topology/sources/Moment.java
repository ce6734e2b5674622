package io.surprisal.topology.sources;

/**
 * A time on two clocks: durations are of the first, and what is told to people is of the second.
 *
 * @param watched milliseconds that sources have been watched, see {@link WatchClock}
 * @param wall milliseconds since 1970-01-01T00:00:00Z
 */
record Moment(long watched, long wall) {}
