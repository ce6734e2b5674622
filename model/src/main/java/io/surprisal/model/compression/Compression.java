package io.surprisal.model.compression;

/**
 * What compression came to; rates are of the pictures' own samples, bits a dimension.
 *
 * @param images pictures in the archive
 * @param dimensions samples of all pictures
 * @param tiles images that the network saw for them
 * @param netBits that pictures added to their messages
 * @param grossBits of the whole archive
 * @param boundBits of the variational bound in T steps
 * @param initialBits that the messages needed beforehand, part of the gross
 */
public record Compression(
    int images,
    long dimensions,
    long tiles,
    double netBits,
    double grossBits,
    double boundBits,
    double initialBits) {

  /** Bits a dimension that pictures added. */
  public double netBitsPerDim() {
    return netBits / dimensions;
  }

  /** Bits a dimension of the whole archive. */
  public double grossBitsPerDim() {
    return grossBits / dimensions;
  }

  /** The bound of T steps, bits a dimension, with the noise that the messages gave. */
  public double boundBitsPerDim() {
    return boundBits / dimensions;
  }
}
