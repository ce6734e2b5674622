package io.surprisal.model.evaluation;

import io.surprisal.model.detection.LocalEvidence;
import io.surprisal.model.images.PictureSize;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.util.BitSet;
import java.util.List;

/** What was marked in a picture, at the scale of its local evidence. */
public final class RegionMask {

  /** How far from a region a window still lies on it, pixels of the picture. */
  public static final int DILATION = 9;

  private final int height;
  private final int width;
  private final BitSet inside;
  private final BitSet near;

  /**
   * Draws polygons.
   *
   * @param polygons in pixels of the picture
   * @param picture its size
   * @param height rows of the evidence
   * @param width columns of the evidence
   */
  public RegionMask(List<Path2D> polygons, PictureSize picture, int height, int width) {
    this.height = height;
    this.width = width;
    inside = drawn(polygons, picture, new BasicStroke(1));
    near =
        drawn(
            polygons,
            picture,
            new BasicStroke(2 * DILATION, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
  }

  /** A pixel of the evidence belongs to it where any pixel of the picture does. */
  private BitSet drawn(List<Path2D> polygons, PictureSize picture, BasicStroke outline) {
    BufferedImage drawing =
        new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_BYTE_BINARY);
    Graphics2D graphics = drawing.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.setStroke(outline);
    for (Path2D polygon : polygons) {
      graphics.fill(polygon);
      graphics.draw(polygon);
    }
    graphics.dispose();
    BitSet set = new BitSet(height * width);
    for (int y = 0; y < picture.height(); y++) {
      int row = (int) ((long) y * height / picture.height());
      for (int x = 0; x < picture.width(); x++) {
        if (drawing.getRaster().getSample(x, y, 0) != 0) {
          set.set(row * width + (int) ((long) x * width / picture.width()));
        }
      }
    }
    return set;
  }

  /** Whether evidence is of as many pixels as the mask. */
  public boolean fits(LocalEvidence evidence) {
    return evidence.height() == height && evidence.width() == width;
  }

  /**
   * The largest surprise within the regions themselves; −∞ where there is none.
   *
   * @throws IllegalArgumentException if the evidence does not fit
   */
  public double strongest(LocalEvidence evidence) {
    requireFitting(evidence);
    return inside.stream()
        .mapToDouble(pixel -> evidence.at(pixel / width, pixel % width))
        .max()
        .orElse(Double.NEGATIVE_INFINITY);
  }

  /**
   * Whether the strongest window touches a region, dilated by {@value #DILATION} pixels of the
   * picture.
   *
   * @throws IllegalArgumentException if the evidence does not fit
   */
  public boolean touchedBy(LocalEvidence evidence) {
    requireFitting(evidence);
    LocalEvidence.Box box = evidence.strongest();
    for (int y = box.top(); y < box.top() + box.height(); y++) {
      int next = near.nextSetBit(y * width + box.left());
      if (next >= 0 && next < y * width + box.left() + box.width()) {
        return true;
      }
    }
    return false;
  }

  private void requireFitting(LocalEvidence evidence) {
    if (!fits(evidence)) {
      throw new IllegalArgumentException(
          "evidence of %d×%d for a mask of %d×%d"
              .formatted(evidence.width(), evidence.height(), width, height));
    }
  }
}
