package io.surprisal.topology.sources;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Optional;

/**
 * Whether more images than usual are repaired, or become dead letters: of the last {@value #RECENT}
 * half of all more than its habit. A source that always needs repairs does not stand out by them.
 * Of images that are repaired independently of each other at the habit h ≤ ½, the last 32 reach h +
 * ½ with probability below 2·10⁻⁸ (the largest binomial tail, near h = ⅓).
 *
 * @param recent the last {@value #RECENT} images, a bit each, the latest lowest
 * @param seen images, up to now
 * @param habit share, in [0, 1]
 * @param off from when on more than usual were so; empty: they are not
 */
record Share(int recent, long seen, double habit, Optional<Moment> off) {

  static final int RECENT = Integer.SIZE;

  /** So many images tell the habit. */
  private static final int ENOUGH = 2 * RECENT;

  private static final int AVERAGED = 1000;

  /** By how much more than usual it is too many. */
  private static final double EXCESS = 0.5;

  /** What has lasted so long has become the habit. */
  private static final long ADOPTED_MILLIS = 3L * 24 * 3600 * 1000;

  static final Share UNKNOWN = new Share(0, 0, 0, Optional.empty());

  /** With one image more. */
  Share with(boolean one, Moment now) {
    int newRecent = recent << 1 | (one ? 1 : 0);
    double excess = share(newRecent) - habit;
    if (seen >= ENOUGH && excess >= (off.isPresent() ? EXCESS / 2 : EXCESS)) {
      Moment since = off.orElse(now);
      return now.watched() - since.watched() > ADOPTED_MILLIS
          ? new Share(newRecent, seen + 1, share(newRecent), Optional.empty())
          : new Share(newRecent, seen + 1, habit, Optional.of(since));
    }
    double weight = 1.0 / Math.min(AVERAGED, seen + 1);
    return new Share(
        newRecent, seen + 1, habit + weight * ((one ? 1 : 0) - habit), Optional.empty());
  }

  private static double share(int bits) {
    return (double) Integer.bitCount(bits) / RECENT;
  }

  /** Of the last images. */
  double value() {
    return share(recent);
  }

  /** How many of the last images. */
  int count() {
    return Integer.bitCount(recent);
  }

  double threshold() {
    return habit + EXCESS;
  }

  void write(DataOutputStream out) throws IOException {
    out.writeInt(recent);
    out.writeLong(seen);
    out.writeDouble(habit);
    out.writeBoolean(off.isPresent());
    if (off.isPresent()) {
      out.writeLong(off.get().watched());
      out.writeLong(off.get().wall());
    }
  }

  static Share read(DataInputStream in) throws IOException {
    return new Share(
        in.readInt(),
        in.readLong(),
        in.readDouble(),
        in.readBoolean()
            ? Optional.of(new Moment(in.readLong(), in.readLong()))
            : Optional.empty());
  }
}
