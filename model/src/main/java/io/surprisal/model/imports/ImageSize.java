package io.surprisal.model.imports;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The size of a model's images, where its options do not name it.
 *
 * @param height in pixels
 * @param width in pixels
 */
public record ImageSize(int height, int width) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,4})x(\\d{1,4})");

  /** That of CIFAR-10, which the public checkpoints were trained on. */
  static final ImageSize USUAL = new ImageSize(32, 32);

  /**
   * The size that a text such as {@code 28x28} names, height first.
   *
   * @throws IllegalArgumentException if it has another form
   */
  public static ImageSize parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no image size; write height and width in pixels, such as 32x32");
    }
    return new ImageSize(Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)));
  }

  /** {@code 28x28}, height first. */
  @Override
  public String toString() {
    return height + "x" + width;
  }
}
