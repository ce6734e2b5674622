package io.surprisal.service.bench;

import io.surprisal.model.datasets.ImageDataset;
import io.surprisal.model.images.Damage;
import io.surprisal.model.images.PixelImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Images of which some are damaged: noise, inversion or cut-out.
 *
 * @param images all of them
 * @param damaged how many are
 */
record DamagedSample(List<PixelImage> images, int damaged) {
  private static final List<Damage> KINDS = List.of(Damage.values());

  DamagedSample {
    images = List.copyOf(images);
  }

  /**
   * Draws which images are damaged, and how.
   *
   * @param limit only the first images
   * @param share chance of an image to be damaged, in [0, 1]
   */
  static DamagedSample of(ImageDataset dataset, int limit, double share, long seed) {
    Random random = new Random(seed);
    List<PixelImage> images = new ArrayList<>();
    int damagedImages = 0;
    for (int i = 0; i < Math.min(limit, dataset.size()); i++) {
      boolean hit = random.nextDouble() < share;
      Damage damage = KINDS.get(random.nextInt(KINDS.size()));
      images.add(hit ? damage.apply(dataset.image(i), random) : dataset.image(i));
      damagedImages += hit ? 1 : 0;
    }
    return new DamagedSample(images, damagedImages);
  }
}
