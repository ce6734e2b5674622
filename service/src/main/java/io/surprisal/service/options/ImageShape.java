package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.release.Release;
import io.surprisal.model.training.FitConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * The shape of an image as {@code --image} names it, such as {@code 3x32x32}.
 *
 * @param channels 1 or 3
 * @param height rows
 * @param width columns
 */
public record ImageShape(int channels, int height, int width) {
  private static final Pattern SHAPE = Pattern.compile("([13])x(\\d{1,4})x(\\d{1,4})");
  private static final String SMALLEST_NETWORK = "tiny";

  public static ImageShape parse(CommandLine command, String text) {
    Matcher shape = SHAPE.matcher(text);
    if (!shape.matches()) {
      throw new ParameterException(command, "--image must be like 1x28x28 or 3x32x32, not " + text);
    }
    return new ImageShape(
        Integer.parseInt(shape.group(1)),
        Integer.parseInt(shape.group(2)),
        Integer.parseInt(shape.group(3)));
  }

  /** An untrained release for such images. */
  public Release untrained(Path file) throws IOException {
    return Release.untrained(
        file, FitConfiguration.named(SMALLEST_NETWORK).model(channels, height, width), 1);
  }

  /** Images of independent pixels, the same ones always. */
  public ImageDataset noise(int count) {
    Random random = new Random(1);
    return ImageDatasets.of(
        Stream.generate(
                () -> {
                  byte[] pixels = new byte[channels * height * width];
                  random.nextBytes(pixels);
                  return new PixelImage(channels, height, width, pixels);
                })
            .limit(count)
            .toList());
  }
}
