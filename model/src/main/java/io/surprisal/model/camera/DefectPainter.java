package io.surprisal.model.camera;

import io.surprisal.model.camera.Defect.Contrast;
import io.surprisal.model.camera.Defect.Kind;
import io.surprisal.model.images.PixelImage;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * Paints one defect over a normal image. Every pixel of the defect changes by an amount drawn for
 * itself between the contrast's least and most, and outlines are jagged: real damage is rough, and
 * a smooth patch would be more predictable than the texture it hides.
 */
final class DefectPainter {

  private static final List<Contrast> CONTRASTS = List.of(Contrast.values());

  /** Levels a changed pixel may have. */
  private static final int DARKEST = 4;

  private static final int BRIGHTEST = 251;

  private final SurfaceTexture texture;
  private final Random random;
  private final int size;
  private final byte[] pixels;
  private final BitSet mask;
  private Contrast contrast = Contrast.CLEAR;

  DefectPainter(SurfaceTexture texture, Random random) {
    this.texture = texture;
    this.random = random;
    this.size = texture.size();
    this.pixels = texture.image().pixels();
    this.mask = new BitSet(pixels.length);
  }

  Defect paint(Surface surface) {
    List<Kind> kinds =
        Arrays.stream(Kind.values())
            .filter(kind -> kind != Kind.MISSING_THREAD || surface == Surface.WEAVE)
            .toList();
    Kind kind = kinds.get(random.nextInt(kinds.size()));
    contrast = CONTRASTS.get(random.nextInt(CONTRASTS.size()));
    switch (kind) {
      case SCRATCH -> scratch();
      case SPOT -> spot();
      case DENT -> dent();
      case MISSING_THREAD -> missingThread();
    }
    return new Defect(kind, contrast, mask);
  }

  PixelImage image() {
    return new PixelImage(1, size, size, pixels.clone());
  }

  /** A parabola right across the image, at a random angle. */
  private void scratch() {
    double angle = StrictMath.PI * random.nextDouble();
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    double offset = uniform(-0.2, 0.2) * size;
    double bend = uniform(-0.25, 0.25) / size;
    double begin = -uniform(0.35, 0.6) * size;
    double end = uniform(0.35, 0.6) * size;
    double unit = size / 32.0;
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        double along = (x - size / 2.0) * cos + (y - size / 2.0) * sin;
        double across = (y - size / 2.0) * cos - (x - size / 2.0) * sin;
        double distance = Math.abs(across - offset - bend * along * along);
        if (along > begin && along < end && distance < uniform(1.6, 2.4) * unit) {
          change(x, y, distance < 0.9 * unit ? 1 : -1, 0.05);
        }
      }
    }
  }

  private void spot() {
    double radius = uniform(0.16, 0.24) * size;
    double x0 = uniform(radius, size - radius);
    double y0 = uniform(radius, size - radius);
    int sign = random.nextBoolean() ? 1 : -1;
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        if (StrictMath.hypot(x - x0, y - y0) < radius * uniform(0.75, 1.1)) {
          change(x, y, sign, 0.3);
        }
      }
    }
  }

  private void dent() {
    double radius = uniform(0.2, 0.28) * size;
    double x0 = uniform(radius, size - radius);
    double y0 = uniform(radius, size - radius);
    double angle = 2 * StrictMath.PI * random.nextDouble();
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        if (StrictMath.hypot(x - x0, y - y0) < radius * uniform(0.85, 1.05)) {
          change(x, y, (x - x0) * cos + (y - y0) * sin > 0 ? 1 : -1, 0.15);
        }
      }
    }
  }

  private void missingThread() {
    boolean upright = random.nextBoolean();
    double phase = upright ? texture.phaseX() : texture.phaseY();
    int gaps = (int) (size / texture.pitch()) - 1;
    double from = (phase + random.nextInt(gaps)) * texture.pitch();
    for (int i = 0; i < size; i++) {
      double begin = from + uniform(-0.6, 0.6);
      double end = from + texture.pitch() + uniform(-0.6, 0.6);
      for (int k = (int) Math.ceil(begin); k < end; k++) {
        if (k >= 0 && k < size) {
          change(upright ? k : i, upright ? i : k, -1, 0.12);
        }
      }
    }
  }

  /** Moves a pixel, against its sign now and then, and where it would leave the range of levels. */
  private void change(int x, int y, int sign, double contrary) {
    int amount = contrast.least() + random.nextInt(contrast.most() - contrast.least() + 1);
    int move = random.nextDouble() < contrary ? -sign * amount : sign * amount;
    int level = pixels[y * size + x] & 0xff;
    boolean fits = level + move >= DARKEST && level + move <= BRIGHTEST;
    pixels[y * size + x] = (byte) (fits ? level + move : level - move);
    mask.set(y * size + x);
  }

  private double uniform(double from, double to) {
    return from + (to - from) * random.nextDouble();
  }
}
