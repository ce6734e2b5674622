package io.surprisal.model.evaluation;

import io.surprisal.model.images.PixelImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What can be known of a picture without looking at what it shows.
 *
 * @param brightness mean of all samples, 0 to 255
 * @param bytes of its file; empty where it has none of its own
 * @param modified when the file was written last, milliseconds since 1970; empty likewise
 * @param number that the file's name is, as that of a camera's files that are called by the time;
 *     empty where it is no number
 */
public record PictureTraits(
    double brightness, OptionalDouble bytes, OptionalDouble modified, OptionalDouble number) {

  private static final Pattern NUMBERED = Pattern.compile("(\\d{1,18})\\.[A-Za-z]+");

  /** Of an image in a data set. */
  public static PictureTraits of(PixelImage image) {
    return new PictureTraits(
        brightnessOf(image),
        OptionalDouble.empty(),
        OptionalDouble.empty(),
        OptionalDouble.empty());
  }

  /**
   * Of a picture in a file of its own.
   *
   * @throws UncheckedIOException if the file cannot be read any more
   */
  public static PictureTraits ofFile(PixelImage picture, Path file) {
    Matcher name = NUMBERED.matcher(String.valueOf(file.getFileName()));
    try {
      return new PictureTraits(
          brightnessOf(picture),
          OptionalDouble.of((double) Files.size(file)),
          OptionalDouble.of((double) Files.getLastModifiedTime(file).toMillis()),
          name.matches()
              ? OptionalDouble.of(Double.parseDouble(name.group(1)))
              : OptionalDouble.empty());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double brightnessOf(PixelImage picture) {
    long sum = 0;
    for (byte sample : picture.pixels()) {
      sum += sample & 0xff;
    }
    return sum / (double) picture.pixels().length;
  }
}
