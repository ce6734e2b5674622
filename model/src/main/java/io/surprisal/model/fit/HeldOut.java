package io.surprisal.model.fit;

/** Which images a run is never trained on: they give its learning curve and its calibration. */
public sealed interface HeldOut {

  /**
   * How many of so many images.
   *
   * @param images of the whole
   */
  int of(int images);

  /**
   * A share of the images, drawn by chance.
   *
   * @param fraction in [0, 1); 0 for none
   */
  record Share(double fraction) implements HeldOut {

    /**
     * @throws IllegalArgumentException if the share is impossible
     */
    public Share {
      if (!(fraction >= 0 && fraction < 1)) {
        throw new IllegalArgumentException("held-out share is " + fraction + ", must be in [0, 1)");
      }
    }

    @Override
    public int of(int images) {
      return (int) Math.round(images * fraction);
    }
  }

  /**
   * The images at the end of the data, which somebody has chosen before.
   *
   * @param images how many
   */
  record Last(int images) implements HeldOut {
    @Override
    public int of(int all) {
      return images;
    }
  }
}
