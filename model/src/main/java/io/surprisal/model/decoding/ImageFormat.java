package io.surprisal.model.decoding;

/** How the bytes of an image event are to be read. */
public enum ImageFormat {
  /** PNG (RFC 2083 and its successors), 8 bits a channel or fewer. */
  PNG,
  /** Baseline or progressive JPEG of 8 bits, grey or colour. */
  JPEG,
  /** Raw grey samples, [height, width]. */
  GRAY8,
  /** Raw colour samples, interleaved: [height, width, red-green-blue]. */
  RGB8
}
