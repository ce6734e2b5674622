/**
 * What serves a release. {@link io.surprisal.topology.serving.ReleaseFollower} reads which one is
 * announced, {@link io.surprisal.topology.serving.LoadedReleases} owns those that are loaded, and
 * what the stream scores with is a {@link io.surprisal.topology.serving.ServedModel}. Knows no
 * other room of the topology; releases come from the module handover.
 */
package io.surprisal.topology.serving;
