package io.surprisal.service.web;

/** Where a record lies in a topic that the reader knows. */
record Place(int partition, long offset) {}
