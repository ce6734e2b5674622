package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.network.ModelConfiguration;
import java.util.Random;

/**
 * Images of independent pixels: what a step takes does not depend on what they show.
 *
 * @param model whose shape they have
 * @param size how many
 */
record RandomImages(ModelConfiguration model, int size) implements ImageDataset {
  @Override
  public int channels() {
    return model.channels();
  }

  @Override
  public int height() {
    return model.height();
  }

  @Override
  public int width() {
    return model.width();
  }

  @Override
  public PixelImage image(int index) {
    byte[] pixels = new byte[model.dimensions()];
    new Random(index).nextBytes(pixels);
    return new PixelImage(model.channels(), model.height(), model.width(), pixels);
  }

  @Override
  public String name(int index) {
    return "random " + index;
  }
}
