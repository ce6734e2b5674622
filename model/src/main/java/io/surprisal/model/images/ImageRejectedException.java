package io.surprisal.model.images;

import org.jspecify.annotations.Nullable;

/** One image cannot be used, through its own fault; the images around it are not affected. */
public class ImageRejectedException extends Exception {

  /** Why. The names are stable: they appear in dead letters and metrics. */
  public enum Reason {
    /** The bytes are no image file of a kind that is read. */
    NOT_AN_IMAGE,
    /** A part of the image is missing. */
    TRUNCATED,
    /** A side or the number of pixels is above the limit. */
    TOO_LARGE,
    /** Smaller, at the release's scale, than a tile of its network. */
    TOO_SMALL,
    /** A JPEG of more scans than the limit, or than its budget of time. */
    TOO_MANY_SCANS,
    /** An image of width or height 0. */
    ZERO_SIZE,
    /** The stated format or size is not the one of the body. */
    HEADER_MISMATCH,
    /** A number of channels that no image has, or colour where grey is needed. */
    WRONG_CHANNELS,
    /** Well-formed as far as can be told, but of a kind that is not read, such as WebP. */
    UNSUPPORTED,
    /** Damaged. */
    MALFORMED
  }

  private final Reason reason;

  public ImageRejectedException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public ImageRejectedException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** The stable code; the message has the particulars. */
  public Reason reason() {
    return reason;
  }
}
