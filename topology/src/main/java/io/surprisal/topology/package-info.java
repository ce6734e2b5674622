/**
 * The Kafka Streams topology: images in; scores, alerts, dead letters and statistics out, exactly
 * once. {@link io.surprisal.topology.ScoringTopology} says what flows where, {@link
 * io.surprisal.topology.ScoringProcessor} scores one partition, {@link
 * io.surprisal.topology.ScoringStream} runs it all. This room knows all rooms below it; none of
 * them knows it.
 */
package io.surprisal.topology;
