package io.surprisal.model.datasets;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.images.Tiling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Crops of the network's size from anywhere in larger pictures, an endless supply. Which picture a
 * crop comes from, and from where in it, is a pure function of seed and number.
 *
 * <p>As many shrunk pictures are held as fit a bound of memory. Crops come from these in turn, a
 * few from each at a time, and only after many from each are the next ones decoded; where all fit,
 * each is decoded once.
 *
 * <p>A picture that cannot be used is said once, and its crops come from the next.
 */
public final class RandomCrops implements ImageDataset {
  private static final Logger LOG = LoggerFactory.getLogger(RandomCrops.class);

  /** Crops from a picture before the next picture's turn. */
  private static final int AT_A_TIME = 4;

  /** Turns of a picture before others take its place in memory. */
  private static final int TURNS = 16;

  /** Pictures that are decoded to see how large they are. */
  private static final int LOOKED_AT = 4;

  private final ImageSource pictures;
  private final Preprocessing preprocessing;
  private final long seed;
  private final int[] order;

  /** Pictures whose turns come round before others take their place. */
  private final int held;

  private final long limit;
  private long inMemory;
  private final AtomicInteger decoded = new AtomicInteger();

  /** Shrunk pictures by their place in the order, the one that was used longest ago first. */
  private final Map<Integer, PixelImage> memory = new LinkedHashMap<>();

  /**
   * Crops of some pictures.
   *
   * @param pictures as they came
   * @param which of them, at least one
   * @param preprocessing shrinks them and says how large a crop is
   * @param seed of their order and of the places of the crops
   * @param memory for shrunk pictures, bytes; at least one is held
   */
  public RandomCrops(
      ImageSource pictures, int[] which, Preprocessing preprocessing, long seed, long memory) {
    this.pictures = new ScaledPictures(pictures, preprocessing);
    this.preprocessing = preprocessing;
    this.seed = seed;
    limit = memory;
    order = which.clone();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = order.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int other = order[i];
      order[i] = order[j];
      order[j] = other;
    }
    held = (int) Math.max(1, Math.min(order.length, memory / bytes(order)));
  }

  /** The largest of a few pictures, shrunk. */
  private long bytes(int[] which) {
    long bytes = 1;
    for (int i = 0; i < Math.min(which.length, LOOKED_AT); i++) {
      try {
        bytes = Math.max(bytes, pictures.image(which[i]).pixels().length);
      } catch (IllegalArgumentException e) {
        LOG.debug("it is said once its turn comes", e);
      }
    }
    return bytes;
  }

  /** Endless, as far as a number goes. */
  @Override
  public int size() {
    return Integer.MAX_VALUE;
  }

  @Override
  public int channels() {
    return preprocessing.channels();
  }

  @Override
  public int height() {
    return preprocessing.height();
  }

  @Override
  public int width() {
    return preprocessing.width();
  }

  @Override
  public PixelImage image(int index) {
    SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index);
    PixelImage picture = picture(place(index));
    return picture.crop(
        random.nextInt(picture.height() - height() + 1),
        random.nextInt(picture.width() - width() + 1),
        height(),
        width());
  }

  /** Place in the order of the picture that a crop comes from. */
  private int place(int index) {
    long turn = index / AT_A_TIME;
    long group = turn / ((long) held * TURNS);
    return (int) ((group * held + turn % held) % order.length);
  }

  private synchronized PixelImage picture(int place) {
    for (int i = 0; i < order.length; i++) {
      int at = (place + i) % order.length;
      if (order[at] < 0) {
        continue; // cannot be used
      }
      PixelImage picture = memory.remove(at);
      if (picture == null) {
        picture = decoded(at);
        if (picture == null) {
          continue;
        }
        inMemory += picture.pixels().length;
        while (inMemory > limit && !memory.isEmpty()) {
          PixelImage oldest = memory.remove(memory.keySet().iterator().next());
          inMemory -= oldest == null ? 0 : oldest.pixels().length;
        }
      }
      memory.put(at, picture);
      return picture;
    }
    throw new IllegalArgumentException("none of the pictures can be used");
  }

  private @Nullable PixelImage decoded(int place) {
    try {
      PixelImage picture = pictures.image(order[place]);
      decoded.incrementAndGet();
      return picture;
    } catch (IllegalArgumentException e) {
      LOG.warn("skipped: {}", e.getMessage());
      order[place] = -1;
      return null;
    }
  }

  /** How often a picture was decoded. */
  public int decodings() {
    return decoded.get();
  }

  @Override
  public String name(int index) {
    return "crop " + index;
  }

  /**
   * Tiles from all over some pictures, as the release will see them.
   *
   * @param most tiles in all, at least 1
   * @param seed says which
   * @return in memory; at least one
   * @throws IllegalArgumentException if none of the pictures can be used
   */
  public static ImageDataset tiles(
      ImageSource pictures, int[] which, Preprocessing preprocessing, int most, long seed) {
    ImageSource scaled = new ScaledPictures(pictures, preprocessing);
    SplittableRandom random = new SplittableRandom(seed);
    List<PixelImage> tiles = new ArrayList<>();
    int looked = Math.min(which.length, most);
    // spread over all; those in between only where some of these cannot be used
    int[] order =
        IntStream.concat(
                IntStream.range(0, looked).map(i -> (int) ((long) i * which.length / looked)),
                IntStream.range(0, which.length))
            .distinct()
            .toArray();
    for (int i = 0; i < order.length && tiles.size() < most; i++) {
      int at = order[i];
      int of = Math.max(1, (int) ((long) most * (i + 1) / looked) - tiles.size());
      try {
        PixelImage picture = scaled.image(which[at]);
        List<Tiling.Corner> corners = preprocessing.corners(picture);
        for (int n = 0; n < of && tiles.size() < most; n++) {
          tiles.add(preprocessing.tile(picture, corners.get(random.nextInt(corners.size()))));
        }
      } catch (IllegalArgumentException e) {
        LOG.warn("skipped: {}", e.getMessage());
      }
    }
    if (tiles.isEmpty()) {
      throw new IllegalArgumentException("none of the pictures can be used");
    }
    return ImageDatasets.of(tiles);
  }
}
