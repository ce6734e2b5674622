/**
 * What Kafka Streams is told and taught: its settings, clients that skip no image and lose no place
 * in their group, when to commit. Knows the room topics.
 */
package io.surprisal.topology.kafka;
