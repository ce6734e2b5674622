package io.surprisal.model.compression;

/**
 * Bits-back coding over the diffusion chain (arXiv 2107.00630, section 6.4): an image takes noise
 * out of the message and puts more back, all in all the bound of T steps.
 *
 * <p>The forward process is a Markov chain from x on, so each z_i is drawn given the one before it
 * and that one is put back as soon as the network has seen z_i (Bit-Swap; Kingma, Abbeel &amp; Ho
 * 2019): pop z₀ ~ q(z₀|x), push x ~ p(x|z₀); for i = 1 … T pop z_i ~ q(z_i|z_{i−1}), push z_{i−1} ~
 * p(z_{i−1}|z_i); push z_T ~ p(z_T). At no time lies more outside the message than two of the z,
 * and so many bits have to be in it beforehand. Decoding is the same backwards. Both ask the
 * network T times.
 *
 * <p>What an image draws is what was pushed shortly before, and that is uniform only where the
 * model is right: noise drawn from it as it is would be too wide by twice the divergence of a step
 * (a quarter at T = 20). So a pseudo-random mask turns over the bits of every draw, and the noise
 * is what the network was trained on whatever lies in the message.
 *
 * <p>Several messages go side by side, one image each at a time, so that the network runs batches.
 */
final class BitsBackCoder {
  private final DiscreteChain chain;
  private final NoisePredictor predictor;
  private final int dimensions;

  /**
   * A coder.
   *
   * @param dimensions D of an image
   */
  BitsBackCoder(DiscreteChain chain, NoisePredictor predictor, int dimensions) {
    this.chain = chain;
    this.predictor = predictor;
    this.dimensions = dimensions;
  }

  /** How many images it codes at once, at most. */
  int batch() {
    return predictor.batch();
  }

  /** T. */
  int steps() {
    return chain.steps();
  }

  /** One image on its way through one message. */
  private final class Passage {
    private final Message message;
    private final long key;
    private final double[] means = new double[dimensions];
    private int[] z = new int[dimensions];
    private int[] next = new int[dimensions];

    Passage(Message message, long key) {
      this.message = message;
      this.key = key;
    }

    /** What turns over the bits of one draw. */
    int mask(int i, int d) {
      return Message.pseudoRandom(key, i * dimensions + d);
    }

    /** Turns {@code z} at step i to its values, which become the predictor's input. */
    void values(int i, double[] out, int from) {
      for (int d = 0; d < dimensions; d++) {
        out[from + d] = z[d] * chain.width(i);
      }
    }

    void advance() {
      int[] last = z;
      z = next;
      next = last;
    }
  }

  /**
   * Adds images, one to each message.
   *
   * @param messages at most {@code batch}
   * @param images levels of an image for each message, {@code [D]}
   * @param keys of the masks, another for each image that a message gets
   * @param steps told before each step; what it throws ends the coding, and the messages are of no
   *     use then
   * @return what each has cost
   */
  CodeLength[] encode(Message[] messages, byte[][] images, long[] keys, StepListener steps) {
    int count = messages.length;
    double[] before = new double[count];
    double[] nats = new double[count];
    Passage[] passages = new Passage[count];
    for (int k = 0; k < count; k++) {
      before[k] = messages[k].netBits();
      passages[k] = new Passage(messages[k], keys[k]);
      nats[k] = encodePixels(passages[k], images[k]);
    }
    double[] values = new double[batch() * dimensions];
    for (int i = 1; i <= chain.steps(); i++) {
      steps.step(count);
      for (int k = 0; k < count; k++) {
        draw(passages[k], i);
        passages[k].values(i, values, k * dimensions);
      }
      double[] noise = predictor.predict(values, chain.gamma(i));
      for (int k = 0; k < count; k++) {
        Passage p = passages[k];
        nats[k] += chain.weight(i) * squaredError(i, images[k], values, noise, k * dimensions);
        backwardMeans(p, i - 1, values, noise, k * dimensions);
        chain.backward(i - 1).pushAll(p.message, p.means, p.next);
      }
    }
    CodeLength[] lengths = new CodeLength[count];
    for (int k = 0; k < count; k++) {
      chain.backward(chain.steps()).pushAll(messages[k], new double[dimensions], passages[k].z);
      lengths[k] = new CodeLength(messages[k].netBits() - before[k], nats[k] / Math.log(2));
    }
    return lengths;
  }

  /**
   * Takes off what {@link #encode} has added.
   *
   * @param keys it was added with
   * @return levels of an image for each message
   */
  byte[][] decode(Message[] messages, long[] keys, StepListener steps) {
    int count = messages.length;
    Passage[] passages = new Passage[count];
    for (int k = 0; k < count; k++) {
      passages[k] = new Passage(messages[k], keys[k]);
      chain.backward(chain.steps()).popAll(messages[k], new double[dimensions], passages[k].z);
    }
    double[] values = new double[batch() * dimensions];
    for (int i = chain.steps(); i >= 1; i--) {
      steps.step(count);
      for (int k = 0; k < count; k++) {
        passages[k].values(i, values, k * dimensions);
      }
      double[] noise = predictor.predict(values, chain.gamma(i));
      for (int k = 0; k < count; k++) {
        Passage p = passages[k];
        backwardMeans(p, i - 1, values, noise, k * dimensions);
        chain.backward(i - 1).popAll(p.message, p.means, p.next);
        p.advance(); // z is now that of step i − 1, next that of step i
        putBack(p, i);
      }
    }
    byte[][] images = new byte[count][];
    for (int k = 0; k < count; k++) {
      images[k] = decodePixels(passages[k]);
    }
    return images;
  }

  /** Pops z₀ ~ q(z₀|x) and pushes x ~ p(x|z₀); nats of prior and reconstruction. */
  private double encodePixels(Passage p, byte[] image) {
    double nats = 0;
    for (int d = 0; d < dimensions; d++) {
      int level = image[d] & 0xff;
      double x = PixelLevels.scaled(level);
      p.message.flip(p.mask(0, d));
      p.z[d] = chain.forward(0).pop(p.message, chain.forwardMean(0, x));
      double y = p.z[d] * chain.width(0) / chain.alpha(0);
      chain.levels().push(p.message, y, level);
      nats += chain.prior(x) + chain.levels().nats(y, level);
    }
    return nats;
  }

  private byte[] decodePixels(Passage p) {
    byte[] image = new byte[dimensions];
    for (int d = dimensions - 1; d >= 0; d--) {
      double y = p.z[d] * chain.width(0) / chain.alpha(0);
      int level = chain.levels().pop(p.message, y);
      chain.forward(0).push(p.message, chain.forwardMean(0, PixelLevels.scaled(level)), p.z[d]);
      p.message.flip(p.mask(0, d));
      image[d] = (byte) level;
    }
    return image;
  }

  /** Pops z_i ~ q(z_i|z_{i−1}): z becomes it, next what it was. */
  private void draw(Passage p, int i) {
    GaussianBins forward = chain.forward(i);
    for (int d = 0; d < dimensions; d++) {
      double mean = chain.forwardMean(i, p.z[d] * chain.width(i - 1));
      p.message.flip(p.mask(i, d));
      p.next[d] = forward.pop(p.message, mean);
    }
    p.advance();
  }

  /** Pushes z_i, which is next, given z_{i−1}, which is z. */
  private void putBack(Passage p, int i) {
    GaussianBins forward = chain.forward(i);
    for (int d = dimensions - 1; d >= 0; d--) {
      forward.push(p.message, chain.forwardMean(i, p.z[d] * chain.width(i - 1)), p.next[d]);
      p.message.flip(p.mask(i, d));
    }
  }

  private void backwardMeans(Passage p, int i, double[] values, double[] noise, int from) {
    for (int d = 0; d < dimensions; d++) {
      p.means[d] = chain.backwardMean(i, values[from + d], noise[from + d]);
    }
  }

  /** ‖ε − ε̂‖² of z_i. */
  private double squaredError(int i, byte[] image, double[] values, double[] noise, int from) {
    double sum = 0;
    for (int d = 0; d < dimensions; d++) {
      double x = PixelLevels.scaled(image[d] & 0xff);
      double epsilon = (values[from + d] - chain.alpha(i) * x) / chain.sigma(i);
      double error = epsilon - noise[from + d];
      sum += error * error;
    }
    return sum;
  }
}
