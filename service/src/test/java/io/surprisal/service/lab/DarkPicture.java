package io.surprisal.service.lab;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;

/** Grey pictures of 48×40 pixels, dark with a little noise, and their files. */
final class DarkPicture {
  static final int WIDTH = 48;
  static final int HEIGHT = 40;

  private DarkPicture() {}

  static BufferedImage of(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        picture.getRaster().setSample(x, y, 0, 100 + random.nextInt(40));
      }
    }
    return picture;
  }

  static void write(Path file, BufferedImage picture) throws IOException {
    ImageIO.write(picture, "png", file.toFile());
  }
}
