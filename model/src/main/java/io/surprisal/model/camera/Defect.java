package io.surprisal.model.camera;

import java.util.BitSet;

/**
 * A defect of known extent.
 *
 * @param kind what it is
 * @param contrast how visible it is
 * @param mask the pixels it changed, at y · width + x; never empty. A copy, both given and taken
 */
public record Defect(Kind kind, Contrast contrast, BitSet mask) {

  /** Kinds of defect. */
  public enum Kind {
    /** A thin, slightly curved line, bright between dark flanks. */
    SCRATCH,
    /** A blob of contamination, speckled inside. */
    SPOT,
    /** A dent: one side catches the light, the other lies in shadow. */
    DENT,
    /** A gap where a thread of the weave should be. */
    MISSING_THREAD
  }

  /** How far a defect moves each pixel of its mask from the normal image, in grey levels. */
  public enum Contrast {
    /** 62 to 100 grey levels: visible at first sight. */
    CLEAR(62, 100),
    /** 26 to 44 grey levels. */
    MEDIUM(26, 44),
    /** 6 to 12 grey levels: a little more than the noise of a pixel. */
    SUBTLE(6, 12);

    private final int least;
    private final int most;

    Contrast(int least, int most) {
      this.least = least;
      this.most = most;
    }

    /** The least change of a pixel in the mask, grey levels. */
    public int least() {
      return least;
    }

    /** The largest change of a pixel in the mask, grey levels. */
    public int most() {
      return most;
    }
  }

  public Defect {
    mask = (BitSet) mask.clone();
  }

  @Override
  public BitSet mask() {
    return (BitSet) mask.clone();
  }
}
