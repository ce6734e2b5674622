/** The Kafka Streams topology: images in; scores, alerts and dead letters out. */
package io.surprisal.topology;
