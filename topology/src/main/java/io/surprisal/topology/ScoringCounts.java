package io.surprisal.topology;

/**
 * What a stream has done since it started. Images of a transaction that was aborted and processed
 * again count twice; the topics hold them once.
 *
 * @param scored images that got a score
 * @param alerted those of them that raised an alert
 * @param deadLettered images that became dead letters
 */
public record ScoringCounts(long scored, long alerted, long deadLettered) {}
