/**
 * Images of many callers on few devices: the queue, the workers that score its batches, and the
 * lanes that images are handed in by. Knows {@code images} and {@code scoring}; the stream uses it.
 */
package io.surprisal.model.batching;
