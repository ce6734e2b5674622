package io.surprisal.topology.sources;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/**
 * Whether a source's images come live, by the age of their records when they are processed. A clock
 * that is wrong makes all ages wrong by the same; a replay or a backlog that is worked off makes
 * them change.
 *
 * @param leastAge milliseconds, of late; below 0 where the sender's clock is ahead
 * @param heardAge milliseconds, when it began to be heard live
 * @param heard milliseconds for which it has been heard live since
 * @param standing of the latest image
 */
record Punctuality(long leastAge, long heardAge, long heard, Standing standing) {

  /** Of an image. */
  enum Standing {
    /** As old as this source's images are when they are processed. */
    LIVE,
    /** Older by more than a minute: it has waited, and others may too. */
    LATE,
    /** Younger by more than a minute than when it was heard first: a replay, or a clock was set. */
    EARLY
  }

  private static final long TOLERANCE_MILLIS = 60_000;

  /** A pause adds no more to the time that a source was heard. */
  private static final long MOST_PAUSE_MILLIS = 5 * 60_000;

  /** For so long must a source have been heard before its silence means something. */
  private static final long ACQUAINTED_MILLIS = 3600_000;

  /** The least age is forgotten at this part of the time that passes: clocks are set, and drift. */
  private static final int FORGETTING = 8;

  /** Of a source's first image. */
  static Punctuality first(long age) {
    return new Punctuality(age, age, 0, Standing.LIVE);
  }

  /**
   * With one image more.
   *
   * @param age milliseconds from its record's time stamp to its result
   * @param pause milliseconds since the one before
   */
  Punctuality with(long age, long pause) {
    long expected = leastAge + pause / FORGETTING;
    if (age > expected + TOLERANCE_MILLIS) {
      return new Punctuality(expected, heardAge, heard, Standing.LATE);
    }
    if (age < heardAge - TOLERANCE_MILLIS) {
      return new Punctuality(age, age, 0, Standing.EARLY);
    }
    return new Punctuality(
        Math.min(age, expected),
        heardAge,
        heard + Math.min(pause, MOST_PAUSE_MILLIS),
        Standing.LIVE);
  }

  /** Whether it has been heard live for an hour. */
  boolean acquainted() {
    return heard >= ACQUAINTED_MILLIS;
  }

  void write(DataOutputStream out) throws IOException {
    out.writeLong(leastAge);
    out.writeLong(heardAge);
    out.writeLong(heard);
    out.writeByte(standing.ordinal());
  }

  static Punctuality read(DataInputStream in) throws IOException {
    return new Punctuality(
        in.readLong(), in.readLong(), in.readLong(), Standing.values()[in.readByte()]);
  }
}
