package io.surprisal.model.images;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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
    Path partial = file.resolveSibling(file.getFileName() + ".partial");
    try {
      try (OutputStream out = Files.newOutputStream(partial)) {
        ImageIO.write(buffered(image), "png", out);
      }
      Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(partial);
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
