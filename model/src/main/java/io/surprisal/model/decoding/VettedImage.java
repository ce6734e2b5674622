package io.surprisal.model.decoding;

import java.util.Set;

/**
 * An encoded image that was walked through and found complete, as far as its structure tells, and
 * within limits.
 *
 * @param format of the file
 * @param width columns as stored, from the file's header
 * @param height rows as stored, from the file's header
 * @param samples of a pixel; 0: it names a colour of a palette
 * @param bits of each of them, or of the place in the palette
 * @param encoded only those parts of the file that carry pixels
 * @param orientation how the rows are to be turned
 * @param ink what four bands mean
 * @param repairs so far
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record VettedImage(
    ImageFormat format,
    int width,
    int height,
    int samples,
    int bits,
    byte[] encoded,
    ExifOrientation orientation,
    Ink ink,
    Set<Repair> repairs) {

  /** What the bands of a picture are. */
  enum Ink {
    /** Grey or red, green and blue, then alpha where there is one. */
    LIGHT,
    /** The same, and its light is multiplied by alpha already. */
    PREMULTIPLIED,
    /** Grey or red, green and blue, then something that is not alpha. */
    LIGHT_AND_OTHER,
    /** Grey of which 0 is white. */
    INVERTED_GREY,
    /** Cyan, magenta, yellow and black; 255 is full ink. */
    CMYK,
    /** The same as Adobe's programs store them: 0 is full ink. */
    INVERTED_CMYK,
    /** The same, with luma and chroma for what the first three leave. */
    INVERTED_YCCK;

    boolean isPrinted() {
      return this == CMYK || this == INVERTED_CMYK || this == INVERTED_YCCK;
    }
  }

  /** What a mender has made of it. */
  VettedImage withMended(byte[] mended, Set<Repair> allRepairs) {
    return new VettedImage(
        format, width, height, samples, bits, mended, orientation, ink, allRepairs);
  }
}
