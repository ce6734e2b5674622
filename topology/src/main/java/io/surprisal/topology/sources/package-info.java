/**
 * Sources that stopped making sense: what a source's images usually are like and how often they
 * come ({@link io.surprisal.topology.sources.Source}), and what is an incident ({@link
 * io.surprisal.topology.sources.Incident}). Pure but for {@link
 * io.surprisal.topology.sources.SourceWatch}, which keeps it in a store; time is always handed in.
 * Knows no other room of the topology.
 */
package io.surprisal.topology.sources;
