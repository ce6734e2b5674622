package io.surprisal.model.images;

import java.awt.image.BufferedImage;
import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import javax.imageio.ImageIO;

/** PNG files with the exact samples of an image. */
public final class Png {
  private Png() {}

  /**
   * Writes an image; the file is whole or not there.
   *
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, PixelImage image) throws IOException {
    write(file, buffered(image));
  }

  /**
   * Writes a picture; the file is whole or not there.
   *
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, RenderedImage image) throws IOException {
    Path partial = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (OutputStream out = Files.newOutputStream(partial)) {
        ImageIO.write(image, "png", out);
      }
      Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  /**
   * What PNG makes of images: bits a dimension of one picture that holds them side by side, so that
   * small images do not pay for a header each.
   *
   * @param images at least one, all of the same shape
   */
  public static double bitsPerDim(List<PixelImage> images) {
    int columns = (int) Math.ceil(Math.sqrt(images.size()));
    PixelImage picture = new ImageGrid(columns, 1).arrange(images);
    try (ByteArrayOutputStream bytes = new ByteArrayOutputStream()) {
      ImageIO.write(buffered(picture), "png", bytes);
      return 8.0 * bytes.size() / images.size() / images.get(0).pixels().length;
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
  }

  private static BufferedImage buffered(PixelImage image) {
    BufferedImage buffered =
        new BufferedImage(
            image.width(),
            image.height(),
            image.channels() == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
    buffered.getRaster().setDataElements(0, 0, image.width(), image.height(), image.interleaved());
    return buffered;
  }
}
