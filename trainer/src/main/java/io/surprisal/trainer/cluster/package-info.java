/**
 * What the cluster says to the trainer, and the trainer to the cluster: commands, reviews, the
 * state of releases and runs as the topics have it, and statements in transactions under the one id
 * that keeps other trainers silent. Knows no other room.
 */
package io.surprisal.trainer.cluster;
