package io.surprisal.service.lab;

import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.images.PixelImage;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Draws a picture with its boxes, and below it, dimmed, the picture under its map: from nothing at
 * what is usual, over yellow, to red at the threshold and above.
 */
final class EvidencePicture {
  /** Surprise that is drawn in full red where no threshold is known, standard deviations. */
  private static final double USUAL_LIMIT = 6;

  /** Share of the limit from which on the map shows. */
  private static final double FAINTEST = 0.4;

  private static final Color BOX = new Color(0xD55E00);
  private static final int GAP = 4;

  private EvidencePicture() {}

  /**
   * The drawing.
   *
   * @param picture as it came
   * @param limit surprise that is drawn in full red
   * @param boxes in pixels of the picture
   */
  static BufferedImage draw(
      PixelImage picture, LocalEvidence evidence, double limit, List<LocalEvidence.Box> boxes) {
    int width = picture.width();
    int height = picture.height();
    BufferedImage drawing = new BufferedImage(width, 2 * height + GAP, BufferedImage.TYPE_INT_RGB);
    int area = width * height;
    int last = picture.channels() - 1;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int at = y * width + x;
        int red = picture.pixels()[at] & 0xff;
        int green = picture.pixels()[Math.min(1, last) * area + at] & 0xff;
        int blue = picture.pixels()[last * area + at] & 0xff;
        drawing.setRGB(x, y, red << 16 | green << 8 | blue);
        float surprise = evidence.at(y * evidence.height() / height, x * evidence.width() / width);
        drawing.setRGB(x, height + GAP + y, under((red + green + blue) / 3, surprise / limit));
      }
    }
    Graphics2D graphics = drawing.createGraphics();
    try {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, height, width, GAP);
      graphics.setColor(BOX);
      float stroke = Math.max(2, Math.max(width, height) / 400f);
      graphics.setStroke(new BasicStroke(stroke));
      for (LocalEvidence.Box box : boxes) {
        graphics.drawRect(box.left(), box.top(), box.width(), box.height());
      }
    } finally {
      graphics.dispose();
    }
    return drawing;
  }

  /** Where boxes and map turn red. */
  static double limit(OptionalDouble threshold) {
    return Math.max(1, threshold.orElse(USUAL_LIMIT));
  }

  /** Grey under a colour. */
  private static int under(int grey, double share) {
    double dimmed = 0.6 * grey;
    double strength = Math.max(0, Math.min(1, (share - FAINTEST) / (1 - FAINTEST)));
    double cover = strength == 0 ? 0 : 0.35 + 0.55 * strength;
    int red = (int) ((1 - cover) * dimmed + cover * 255);
    int green = (int) ((1 - cover) * dimmed + cover * 220 * (1 - strength));
    int blue = (int) ((1 - cover) * dimmed);
    return red << 16 | green << 8 | blue;
  }
}
