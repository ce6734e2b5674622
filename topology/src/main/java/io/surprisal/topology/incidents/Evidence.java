package io.surprisal.topology.incidents;

/**
 * How much speaks for an incident that goes on, against alerts of normal images that come by
 * chance: the logarithm of a likelihood ratio, image by image. Under chance a share α of images
 * alerts, the declared rate; in an incident a share q = √α at least (10 % at a rate of 1 %). So an
 * alert adds ln(q/α) = −½ ln α, an image without one takes away ln((1 − α)/(1 − q)) = ln(1 + √α),
 * and the incident is over where less than nothing is left.
 *
 * <ul>
 *   <li>What the first alert leaves is spent after so few images that the next alert by chance
 *       comes among them with a probability of at most {@value #BY_CHANCE}; but at least {@value
 *       #FEWEST_QUIET} images may be quiet. At a rate of 1 % that is four: of isolated alerts 95 %
 *       stay alone, and of incidents in which 80 % of the images alert, one in 3,000 breaks at its
 *       beginning.
 *   <li>What speaks for it is bounded by ln {@value #MOST}: whatever has been, an incident ends
 *       after ln(1000)/ln(1 + √α) quiet images, 73 at a rate of 1 %, and one in which the share q
 *       alerts ends by chance before that in one of a thousand images at most.
 * </ul>
 *
 * @param rate α, the declared share of normal images that alert, in (0, 1)
 * @param nats what speaks for it
 */
record Evidence(double rate, double nats) {

  private static final double BY_CHANCE = 0.05;
  private static final int FEWEST_QUIET = 2;
  private static final double MOST = 1000;

  /** After the first alert. */
  static Evidence first(double rate) {
    double images = Math.floor(Math.log1p(-BY_CHANCE) / Math.log1p(-rate));
    double quiet = Math.max(FEWEST_QUIET, images - 1);
    return new Evidence(rate, (quiet + 0.5) * costOfQuiet(rate));
  }

  /**
   * After a further alert.
   *
   * @param rate declared by the release that raised it
   */
  Evidence alerted(double rate) {
    return new Evidence(rate, Math.min(Math.log(MOST), nats - 0.5 * Math.log(rate)));
  }

  /** After an image without an alert. */
  Evidence quiet() {
    return new Evidence(rate, nats - costOfQuiet(rate));
  }

  /** Whether the incident is over. */
  boolean isSpent() {
    return nats < 0;
  }

  private static double costOfQuiet(double rate) {
    return Math.log1p(Math.sqrt(rate));
  }
}
