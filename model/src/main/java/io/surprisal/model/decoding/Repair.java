package io.surprisal.model.decoding;

/**
 * What had to be mended or assumed before a file gave a picture. None of them changes pixels that
 * the file has, but those that say so. The names are stable: they stand in scores and alerts.
 */
public enum Repair {
  /** Foreign bytes stood before the first byte of the file proper. */
  BYTES_BEFORE_START,
  /** Foreign bytes stood before a marker, or between two segments or chunks. */
  BYTES_BEFORE_MARKER,
  /** Restart markers of a scan were missing, doubled or wrongly numbered. */
  RESTART_MARKERS,
  /** The file ends without its end marker; the picture is whole. */
  NO_END_MARKER,
  /** Foreign bytes stand after the end of the picture. */
  BYTES_AFTER_END,
  /** The checksum of a part that carries no pixels is wrong. */
  WRONG_CHECKSUM,
  /** There is more image data than the picture has pixels. */
  SURPLUS_IMAGE_DATA,
  /** A progressive file that lacks scans: the picture is complete, but less fine than it was. */
  SCANS_MISSING,
  /** The last part of the image data is all zeros, as of a transfer that broke off. */
  ENDS_IN_ZEROS,
  /** The file holds one of the two fields of an interlaced frame: every other row is missing. */
  ONE_FIELD,
  /** More than a fiftieth of the background shows through some pixel. */
  TRANSLUCENT
}
