/**
 * The topics of a cluster: which settings each is to have, and bringing them about. Knows no other
 * room of the topology.
 */
package io.surprisal.topology.topics;
