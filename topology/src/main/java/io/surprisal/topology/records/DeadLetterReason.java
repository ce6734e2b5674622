package io.surprisal.topology.records;

import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.schemas.RecordFormatException;

/**
 * Why an image was not scored. The names are stable: they stand in the header {@link
 * DeadLetter#REASON} and in metrics.
 */
public enum DeadLetterReason {
  /** The record has no value. */
  NULL_VALUE,
  /** The value is not in Avro's single-object encoding. */
  WRONG_HEADER,
  /** The value names an Avro schema that is no known version of ImageEvent. */
  UNKNOWN_SCHEMA,
  /** The value ends early, is no record of its schema, or goes on after the record. */
  MALFORMED_RECORD,
  /** The key is larger than {@link ImageIntake#MAX_KEY_BYTES}. */
  OVERSIZED_KEY,
  /** Image id or source is larger than {@link ImageIntake#MAX_ID_BYTES}. */
  OVERSIZED_ID,
  /** The record, unpacked, takes more memory than the scorer has; only its place is known. */
  OVERSIZED_RECORD,
  /** The stated format is one that this version does not know. */
  UNKNOWN_FORMAT,
  /** The body is no image file of a kind that is read, though one was stated. */
  NOT_AN_IMAGE,
  /** A part of the image is missing. */
  TRUNCATED,
  /** The image has more pixels than the limits allow. */
  TOO_LARGE,
  /** The picture is smaller, at the release's scale, than a tile of its network. */
  TOO_SMALL,
  /** A JPEG of more scans than the limit, or than its budget of time. */
  TOO_MANY_SCANS,
  /** An image of width or height 0. */
  ZERO_SIZE,
  /** The stated format or size is not the body's. */
  HEADER_MISMATCH,
  /** A number of channels that no image has, or colour where the release wants grey. */
  WRONG_CHANNELS,
  /** An image of a kind that is not read, such as WebP. */
  UNSUPPORTED,
  /** The image file is damaged. */
  MALFORMED,
  /** The release gives the image a score that is not a finite number. */
  NOT_FINITE,
  /** Scoring this image failed unexpectedly; the log has the stack trace. */
  SCORING_FAILED;

  /** The reason that what was thrown over one image stands for. */
  public static DeadLetterReason of(Exception thrown) {
    if (thrown instanceof NotScoredException e) {
      return e.reason();
    }
    if (thrown instanceof ImageRejectedException e) {
      return valueOf(e.reason().name());
    }
    if (thrown instanceof RecordFormatException.WrongHeader) {
      return WRONG_HEADER;
    }
    if (thrown instanceof RecordFormatException.UnknownSchema) {
      return UNKNOWN_SCHEMA;
    }
    return thrown instanceof RecordFormatException ? MALFORMED_RECORD : SCORING_FAILED;
  }
}
