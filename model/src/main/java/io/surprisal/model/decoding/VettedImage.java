package io.surprisal.model.decoding;

/**
 * An encoded image that was walked through and found complete and within limits.
 *
 * @param format PNG or JPEG
 * @param width columns, from the file's header
 * @param height rows, from the file's header
 * @param encoded only those parts of the file that carry pixels
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record VettedImage(ImageFormat format, int width, int height, byte[] encoded) {}
