package io.surprisal.model.decoding;

/** How the bytes of an image event are to be read. */
public enum ImageFormat {
  /** PNG (RFC 2083 and its successors). */
  PNG,
  /** Baseline or progressive JPEG of 8 bits: grey, colour or CMYK. */
  JPEG,
  /** The first picture of a TIFF 6.0: uncompressed, LZW, deflate or PackBits. */
  TIFF,
  /** A Windows bitmap without run lengths. */
  BMP,
  /** Any of these, recognised by its first bytes. */
  FILE,
  /** Raw grey samples, [height, width]. */
  GRAY8,
  /** Raw colour samples, interleaved: [height, width, red-green-blue]. */
  RGB8
}
