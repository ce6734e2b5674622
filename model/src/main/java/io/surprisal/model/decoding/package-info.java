/**
 * Picture files from anywhere (PNG, JPEG, TIFF, BMP), read behind guards that judge the header
 * before pixels are allocated, and mended where that needs no guess at pixels. Knows {@code
 * images}; data sets and the stream's input use it.
 */
package io.surprisal.model.decoding;
