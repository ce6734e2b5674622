package io.surprisal.model.decoding;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.ImageRejectedException.Reason;
import java.util.Optional;

/**
 * What a file says that it is.
 *
 * @param format of those that are read
 * @param at where it begins; what stands before it is foreign
 */
record FileStart(ImageFormat format, int at) {

  /** A file does not begin later than this: what stands before it is a slip, no other file. */
  private static final int LATEST = 4096;

  /**
   * Finds the start of a file.
   *
   * @throws ImageRejectedException if it is of no kind that is read; the message names the kind
   */
  static FileStart of(byte[] encoded) throws ImageRejectedException {
    Optional<ImageFormat> first = atOnce(encoded);
    if (first.isPresent()) {
      return new FileStart(first.get(), 0);
    }
    Optional<String> foreign = ForeignFormat.of(encoded);
    if (foreign.isPresent()) {
      throw new ImageRejectedException(Reason.UNSUPPORTED, foreign.get());
    }
    for (int at = 1; at < Math.min(LATEST, encoded.length); at++) {
      if (PngGuard.recognises(encoded, at)) {
        return new FileStart(ImageFormat.PNG, at);
      }
      if (JpegGuard.goesOn(encoded, at)) {
        return new FileStart(ImageFormat.JPEG, at);
      }
    }
    throw new ImageRejectedException(
        Reason.NOT_AN_IMAGE,
        "These " + encoded.length + " bytes are neither a PNG nor a JPEG, TIFF or BMP");
  }

  private static Optional<ImageFormat> atOnce(byte[] encoded) {
    if (PngGuard.recognises(encoded, 0)) {
      return Optional.of(ImageFormat.PNG);
    }
    if (JpegGuard.recognises(encoded, 0)) {
      return Optional.of(ImageFormat.JPEG);
    }
    if (TiffGuard.recognises(encoded)) {
      return Optional.of(ImageFormat.TIFF);
    }
    return BmpGuard.recognises(encoded) ? Optional.of(ImageFormat.BMP) : Optional.empty();
  }
}
