/**
 * Models that other implementations of the paper trained: their options, tensor names and layouts,
 * and what they are here.
 */
package io.surprisal.model.imports;
