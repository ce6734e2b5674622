package io.surprisal.model.images;

import java.util.Random;

/** What can happen to any image, whatever it shows: procedural, and never used to tune anything. */
public enum Damage {
  /** Gaussian noise with a standard deviation of 40 levels on every sample. */
  NOISE {
    @Override
    byte[] damaged(PixelImage image, Random random) {
      byte[] pixels = image.pixels().clone();
      for (int i = 0; i < pixels.length; i++) {
        long level = Math.round((pixels[i] & 0xff) + NOISE_LEVELS * random.nextGaussian());
        pixels[i] = (byte) Math.max(0, Math.min(WHITE, level));
      }
      return pixels;
    }
  },
  /** Every sample k becomes 255 − k. */
  INVERSION {
    @Override
    byte[] damaged(PixelImage image, Random random) {
      byte[] pixels = image.pixels().clone();
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = (byte) (WHITE - (pixels[i] & 0xff));
      }
      return pixels;
    }
  },
  /** A square of a third of the shorter side, somewhere inside, becomes mid-grey. */
  CUT_OUT {
    @Override
    byte[] damaged(PixelImage image, Random random) {
      byte[] pixels = image.pixels().clone();
      int side = Math.max(1, Math.min(image.height(), image.width()) / 3);
      int top = random.nextInt(image.height() - side + 1);
      int left = random.nextInt(image.width() - side + 1);
      for (int channel = 0; channel < image.channels(); channel++) {
        for (int y = top; y < top + side; y++) {
          for (int x = left; x < left + side; x++) {
            pixels[(channel * image.height() + y) * image.width() + x] = (byte) (WHITE / 2 + 1);
          }
        }
      }
      return pixels;
    }
  };

  private static final int WHITE = 255;
  private static final int NOISE_LEVELS = 40;

  abstract byte[] damaged(PixelImage image, Random random);

  /**
   * A damaged copy.
   *
   * @param random decides on the noise, and on the place
   */
  public PixelImage apply(PixelImage image, Random random) {
    return new PixelImage(image.channels(), image.height(), image.width(), damaged(image, random));
  }
}
