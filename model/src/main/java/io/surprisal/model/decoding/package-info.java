/**
 * PNG and JPEG files from anywhere, read behind guards that judge the header before pixels are
 * allocated. Knows {@code images}; data sets and the stream's input use it.
 */
package io.surprisal.model.decoding;
