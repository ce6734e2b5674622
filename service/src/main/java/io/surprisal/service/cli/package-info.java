/**
 * The plumbing of a command line: what every command prints and how, settings, signals, failures
 * and exit codes, files and folders, Kafka clients, child processes. Nothing here is about one
 * command. May know {@code model}, for its failures, {@code handover}, for its consumer, and no
 * other wing.
 */
package io.surprisal.service.cli;
