package io.surprisal.model.fit;

/** Which images a run is never trained on: they give its learning curve and its calibration. */
public sealed interface HeldOut {

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
  }

  /**
   * The images at the end of the data, which somebody has chosen before.
   *
   * @param images how many
   */
  record Last(int images) implements HeldOut {}
}
