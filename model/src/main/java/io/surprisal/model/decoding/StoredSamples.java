package io.surprisal.model.decoding;

/**
 * How a file stores its picture.
 *
 * @param format of the file, or of raw pixels
 * @param channels of a pixel: 1 grey, 2 grey and alpha, 3 colour, 4 colour and a further one such
 *     as alpha or black; of a palette, those of its colours
 * @param bits of each channel; of a palette, those of its colours
 */
public record StoredSamples(ImageFormat format, int channels, int bits) {}
