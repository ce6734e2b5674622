package io.surprisal.model.compression;

import io.surprisal.model.images.ImageShape;
import io.surprisal.model.images.PixelImage;
import java.util.ArrayList;
import java.util.List;

/**
 * A picture of any shape as images of the network's. Tiles lie side by side from the upper left
 * corner; those at the right and lower edges repeat the picture's last column and row. A network
 * for grey sees a picture's colours one after the other, one for colour sees grey as colour of
 * equal samples.
 */
final class Tiles {
  private final ImageShape tile;

  Tiles(ImageShape tile) {
    this.tile = tile;
  }

  private int rows(ImageShape picture) {
    return (picture.height() + tile.height() - 1) / tile.height();
  }

  private int columns(ImageShape picture) {
    return (picture.width() + tile.width() - 1) / tile.width();
  }

  private int planes(ImageShape picture) {
    return Math.max(1, picture.channels() / tile.channels());
  }

  /** How many a picture has. */
  long count(ImageShape picture) {
    return (long) planes(picture) * rows(picture) * columns(picture);
  }

  /** How many samples the network sees for each of the picture's. */
  double padding(ImageShape picture) {
    return count(picture) * (double) tile.dimensions() / picture.dimensions();
  }

  /** The samples of each, {@code [D]}. */
  List<byte[]> cut(PixelImage picture) {
    List<byte[]> tiles = new ArrayList<>();
    for (int plane = 0; plane < planes(picture.shape()); plane++) {
      for (int row = 0; row < rows(picture.shape()); row++) {
        for (int column = 0; column < columns(picture.shape()); column++) {
          tiles.add(cut(picture, plane, row, column));
        }
      }
    }
    return tiles;
  }

  private byte[] cut(PixelImage picture, int plane, int row, int column) {
    byte[] samples = new byte[tile.dimensions()];
    int at = 0;
    for (int c = 0; c < tile.channels(); c++) {
      int channel = Math.min(picture.channels() - 1, plane + c);
      for (int y = 0; y < tile.height(); y++) {
        int line = Math.min(picture.height() - 1, row * tile.height() + y);
        for (int x = 0; x < tile.width(); x++) {
          int place = Math.min(picture.width() - 1, column * tile.width() + x);
          samples[at++] =
              picture.pixels()[(channel * picture.height() + line) * picture.width() + place];
        }
      }
    }
    return samples;
  }

  /**
   * The picture again.
   *
   * @param tiles of {@link #cut}
   */
  PixelImage join(ImageShape picture, List<byte[]> tiles) {
    byte[] pixels = new byte[picture.dimensions()];
    int next = 0;
    for (int plane = 0; plane < planes(picture); plane++) {
      for (int row = 0; row < rows(picture); row++) {
        for (int column = 0; column < columns(picture); column++) {
          paste(picture, pixels, tiles.get(next++), plane, row, column);
        }
      }
    }
    return new PixelImage(picture, pixels);
  }

  private void paste(
      ImageShape picture, byte[] pixels, byte[] samples, int plane, int row, int column) {
    int channels = Math.min(tile.channels(), picture.channels());
    int lines = Math.min(tile.height(), picture.height() - row * tile.height());
    int places = Math.min(tile.width(), picture.width() - column * tile.width());
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < lines; y++) {
        System.arraycopy(
            samples,
            (c * tile.height() + y) * tile.width(),
            pixels,
            ((plane + c) * picture.height() + row * tile.height() + y) * picture.width()
                + column * tile.width(),
            places);
      }
    }
  }
}
