/**
 * Which alerts belong together: when an incident of a source is over ({@link
 * io.surprisal.topology.incidents.Evidence}), what the alerts of one are called ({@link
 * io.surprisal.topology.incidents.OpenIncidents}), and what is told of it ({@link
 * io.surprisal.topology.incidents.Incidents}). Knows no other room of the topology.
 */
package io.surprisal.topology.incidents;
