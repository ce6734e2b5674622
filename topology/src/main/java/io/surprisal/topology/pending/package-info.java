/**
 * Images that have been read and have no result yet, and how the next owner of their partition
 * finds them again. Knows the rooms records, serving and kafka.
 */
package io.surprisal.topology.pending;
