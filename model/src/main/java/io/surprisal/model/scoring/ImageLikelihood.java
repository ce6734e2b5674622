package io.surprisal.model.scoring;

import io.surprisal.model.images.Tiling;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The bound on −log₂ p(x) of one image, in bits/dim: prior + diffusion + reconstruction. Equal when
 * every number is.
 *
 * @param bitsPerDim the whole bound
 * @param standardError Monte-Carlo error of {@code bitsPerDim}, an upper estimate where the release
 *     was not calibrated for this number of evaluations; for fewer than three evaluations that of a
 *     usual image, NaN where that was not calibrated
 * @param prior KL(q(z₁|x) ‖ N(0, I))
 * @param diffusion the diffusion loss, corrected for the bias of fixed noise levels
 * @param reconstruction −log p(x|z₀)
 * @param noiseLevels γ of each evaluation, in the order of evaluation
 * @param squaredErrors ‖ε − ε̂‖²/D of each evaluation, in the same order
 * @param evaluations K, how often the network was evaluated
 * @param plain what is seen of it without the network
 * @param evidence what each pixel adds; empty where the release knows no local control
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content
public record ImageLikelihood(
    double bitsPerDim,
    double standardError,
    double prior,
    double diffusion,
    double reconstruction,
    float[] noiseLevels,
    float[] squaredErrors,
    int evaluations,
    PlainTraits plain,
    Optional<EvidenceMap> evidence) {

  /** With a codec's length alone of what is seen without the network. */
  public ImageLikelihood(
      double bitsPerDim,
      double standardError,
      double prior,
      double diffusion,
      double reconstruction,
      float[] noiseLevels,
      float[] squaredErrors,
      int evaluations,
      double codecBitsPerDim,
      Optional<EvidenceMap> evidence) {
    this(
        bitsPerDim,
        standardError,
        prior,
        diffusion,
        reconstruction,
        noiseLevels,
        squaredErrors,
        evaluations,
        new PlainTraits(codecBitsPerDim),
        evidence);
  }

  /** Without local evidence. */
  public ImageLikelihood(
      double bitsPerDim,
      double standardError,
      double prior,
      double diffusion,
      double reconstruction,
      float[] noiseLevels,
      float[] squaredErrors,
      int evaluations,
      double codecBitsPerDim) {
    this(
        bitsPerDim,
        standardError,
        prior,
        diffusion,
        reconstruction,
        noiseLevels,
        squaredErrors,
        evaluations,
        codecBitsPerDim,
        Optional.empty());
  }

  /**
   * The bound of a picture from those of its tiles: the means of all terms. The standard error is
   * that of independent noise, which tiles of different pixels have; where the levels are keyed by
   * the pixels, those of the first tile stand for all.
   *
   * @param tiles at least one
   * @param corners of the tiles, in their order
   * @param height rows of the picture at the network's scale
   * @param width its columns
   */
  public static ImageLikelihood ofTiles(
      List<ImageLikelihood> tiles, List<Tiling.Corner> corners, int height, int width) {
    ImageLikelihood first = tiles.get(0);
    int n = tiles.size();
    float[] errors = new float[first.squaredErrors.length];
    for (ImageLikelihood tile : tiles) {
      for (int i = 0; i < errors.length; i++) {
        errors[i] += tile.squaredErrors[i] / n;
      }
    }
    return new ImageLikelihood(
        mean(tiles, ImageLikelihood::bitsPerDim),
        Math.sqrt(tiles.stream().mapToDouble(l -> l.standardError * l.standardError).sum()) / n,
        mean(tiles, ImageLikelihood::prior),
        mean(tiles, ImageLikelihood::diffusion),
        mean(tiles, ImageLikelihood::reconstruction),
        first.noiseLevels,
        errors,
        first.evaluations,
        mean(tiles, ImageLikelihood::codecBitsPerDim),
        first.evidence.isEmpty()
            ? Optional.empty()
            : Optional.of(
                EvidenceMap.stitched(
                    height,
                    width,
                    tiles.stream().map(tile -> tile.evidence.orElseThrow()).toList(),
                    corners)));
  }

  /** What a lossless codec without a model takes for the image alone. */
  public double codecBitsPerDim() {
    return plain.codecBitsPerDim();
  }

  /** The same without what each pixel adds, which takes the memory of a picture. */
  public ImageLikelihood withoutEvidence() {
    return evidence.isEmpty() ? this : with(Optional.empty());
  }

  /** The same with what each pixel adds. */
  ImageLikelihood withEvidence(EvidenceMap map) {
    return with(Optional.of(map));
  }

  private ImageLikelihood with(Optional<EvidenceMap> map) {
    return new ImageLikelihood(
        bitsPerDim,
        standardError,
        prior,
        diffusion,
        reconstruction,
        noiseLevels,
        squaredErrors,
        evaluations,
        plain,
        map);
  }

  private static double mean(List<ImageLikelihood> tiles, ToDoubleFunction<ImageLikelihood> term) {
    return tiles.stream().mapToDouble(term).average().orElseThrow();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ImageLikelihood that
        && Double.compare(bitsPerDim, that.bitsPerDim) == 0
        && Double.compare(standardError, that.standardError) == 0
        && Double.compare(prior, that.prior) == 0
        && Double.compare(diffusion, that.diffusion) == 0
        && Double.compare(reconstruction, that.reconstruction) == 0
        && Arrays.equals(noiseLevels, that.noiseLevels)
        && Arrays.equals(squaredErrors, that.squaredErrors)
        && evaluations == that.evaluations
        && plain.equals(that.plain)
        && evidence.equals(that.evidence);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(squaredErrors) * 31 + Double.hashCode(bitsPerDim);
  }
}
