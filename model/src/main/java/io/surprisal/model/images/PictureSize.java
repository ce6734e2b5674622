package io.surprisal.model.images;

/**
 * How large an encoded picture says it is.
 *
 * @param height rows
 * @param width columns
 */
public record PictureSize(int height, int width) {

  /** The longer side. */
  public int largestSide() {
    return Math.max(height, width);
  }

  /** {@code width×height}, as people write it. */
  @Override
  public String toString() {
    return width + "×" + height;
  }
}
