/**
 * What the trainer keeps of the stream, on disk and bounded: recent images and a uniform sample of
 * each source, a share of them held out, and marks of those that raised alerts. Knows no other
 * room.
 */
package io.surprisal.trainer.reservoir;
