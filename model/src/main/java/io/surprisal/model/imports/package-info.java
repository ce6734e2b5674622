/**
 * Models that other implementations of the paper trained: their options, tensor names and layouts,
 * and what they are here. Knows {@code network} and {@code release}; only the service uses it.
 */
package io.surprisal.model.imports;
