package io.surprisal.service.options;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.datasets.ImageDatasets;
import io.surprisal.model.images.ImageShape;
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
 * Images of noise, and an untrained release for them, where {@code --image} names a shape such as
 * {@code 3x32x32} instead of data.
 *
 * @param shape of each image
 */
public record SyntheticImages(ImageShape shape) {
  private static final Pattern SHAPE = Pattern.compile("([13])x([1-9]\\d{0,3})x([1-9]\\d{0,3})");
  private static final String SMALLEST_NETWORK = "tiny";

  public static SyntheticImages parse(CommandLine command, String text) {
    Matcher named = SHAPE.matcher(text);
    if (!named.matches()) {
      throw new ParameterException(command, "--image must be like 1x28x28 or 3x32x32, not " + text);
    }
    return new SyntheticImages(
        new ImageShape(
            Integer.parseInt(named.group(1)),
            Integer.parseInt(named.group(2)),
            Integer.parseInt(named.group(3))));
  }

  /** An untrained release for such images. */
  public Release untrained(Path file) throws IOException {
    return Release.untrained(file, FitConfiguration.named(SMALLEST_NETWORK).model(shape), 1);
  }

  /** Images of independent pixels, the same ones always. */
  public ImageDataset noise(int count) {
    Random random = new Random(1);
    return ImageDatasets.of(
        Stream.generate(
                () -> {
                  byte[] pixels = new byte[shape.dimensions()];
                  random.nextBytes(pixels);
                  return new PixelImage(shape, pixels);
                })
            .limit(count)
            .toList());
  }
}
