package io.surprisal.model.images;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * How a release understands what a picture's file leaves open. Every picture that a release was
 * trained on, is calibrated on and scores is read in the same way.
 *
 * @param orientation whether a picture is turned as its file says it was taken
 * @param background colour as {@code #rrggbb} that shows through transparent pixels
 * @param deep which of the 65,536 levels of a file of 16 bits are black and white
 * @param colour what a network for grey images makes of colour
 */
public record Interpretation(
    Orientation orientation, String background, Levels deep, Colour colour) {

  private static final Pattern HEX_COLOUR = Pattern.compile("#[0-9a-f]{6}");

  /** Whether a picture is turned as the tag of its file asks for. */
  public enum Orientation {
    /** Turned and mirrored as every viewer shows it. */
    UPRIGHT,
    /** As its rows are stored. */
    AS_STORED
  }

  /** What a network for grey images makes of a picture with colours. */
  public enum Colour {
    /** It is refused: a grey camera does not send colour. */
    REFUSE,
    /** Its luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) is scored. */
    LUMA
  }

  /**
   * Levels of 16 bits that become 0 and 255; those between them in proportion, those outside as the
   * nearer one.
   *
   * @param black 0 to 65534
   * @param white above {@code black}, at most 65535
   */
  public record Levels(int black, int white) {

    /** All of them: 65535 is white. */
    public static final Levels ALL = new Levels(0, 0xffff);

    /**
     * @throws IllegalArgumentException if they are no levels of 16 bits, or not in order
     */
    public Levels {
      if (black < 0 || white > 0xffff || black >= white) {
        throw new IllegalArgumentException(
            "levels of 16 bits from %d to %d; black is at least 0, white above it and at most 65535"
                .formatted(black, white));
      }
    }

    /** The level of 8 bits that a level of 16 becomes, rounded. */
    public int of(int level) {
      int within = Math.max(0, Math.min(level, white) - black);
      return (within * 255 + (white - black) / 2) / (white - black);
    }
  }

  /**
   * @throws IllegalArgumentException if the background is no colour
   */
  public Interpretation {
    Objects.requireNonNull(orientation);
    Objects.requireNonNull(deep);
    Objects.requireNonNull(colour);
    if (!HEX_COLOUR.matcher(background).matches()) {
      throw new IllegalArgumentException(
          "the background " + background + " is no colour such as #ffffff");
    }
  }

  /**
   * What new releases do unless told otherwise: upright, on white, all levels, no colour as grey.
   */
  public static Interpretation usual() {
    return new Interpretation(Orientation.UPRIGHT, "#ffffff", Levels.ALL, Colour.REFUSE);
  }

  /** What releases do that do not say: they were made when pictures were read as stored. */
  public static Interpretation unstated() {
    return usual().with(Orientation.AS_STORED);
  }

  /** With another orientation. */
  public Interpretation with(Orientation other) {
    return new Interpretation(other, background, deep, colour);
  }

  /** With another background. */
  public Interpretation withBackground(String other) {
    return new Interpretation(orientation, other, deep, colour);
  }

  /** With other levels. */
  public Interpretation with(Levels other) {
    return new Interpretation(orientation, background, other, colour);
  }

  /** With another use of colour. */
  public Interpretation with(Colour other) {
    return new Interpretation(orientation, background, deep, other);
  }

  /** The background as 0xRRGGBB. */
  public int backgroundRgb() {
    return Integer.parseInt(background.substring(1), 16);
  }
}
