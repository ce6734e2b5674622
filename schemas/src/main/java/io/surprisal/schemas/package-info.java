/** Contracts of every topic as Avro records, and their serdes. Knows no other room. */
package io.surprisal.schemas;
