package io.surprisal.topology;

import java.util.concurrent.atomic.LongAdder;

/** Counts of all processors of one topology, on all its threads. */
final class Counters {
  final LongAdder scored = new LongAdder();
  final LongAdder alerted = new LongAdder();
  final LongAdder deadLettered = new LongAdder();

  ScoringCounts snapshot() {
    return new ScoringCounts(scored.sum(), alerted.sum(), deadLettered.sum());
  }
}
