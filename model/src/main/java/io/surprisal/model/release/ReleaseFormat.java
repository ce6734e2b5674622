package io.surprisal.model.release;

import io.surprisal.model.images.Preprocessing;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The versions of a release's metadata: each says something that a reader of another would miss.
 */
final class ReleaseFormat {
  private static final int FIRST = 1;

  /** A reader that does not know control variates would give other scores: it must refuse. */
  private static final int WITH_CONTROL = 2;

  /** One that does not know typicality would give other verdicts. */
  private static final int WITH_TYPICALITY = 3;

  /** One that does not know tiles would stretch pictures; nor local evidence: other verdicts. */
  private static final int WITH_TILES = 4;

  /** One that does not know how files are to be understood would see other pictures. */
  private static final int WITH_INTERPRETATION = 5;

  /** One that does not know the Gaussian would give other verdicts. */
  private static final int WITH_GAUSSIAN = 6;

  /** One that does not know calibrations by source would give other verdicts. */
  private static final int WITH_SOURCES = 7;

  /** One that does not know which noise levels show local evidence would give other verdicts. */
  private static final int WITH_LEAST_NOISE = 8;

  private static final int NEWEST = WITH_LEAST_NOISE;

  private ReleaseFormat() {}

  /** The oldest that says all. */
  static int of(Preprocessing preprocessing, @Nullable Calibration calibration) {
    if (calibration != null
        && calibration.local().flatMap(local -> local.control().leastGamma()).isPresent()) {
      return WITH_LEAST_NOISE;
    }
    if (calibration != null && !calibration.sources().names().isEmpty()) {
      return WITH_SOURCES;
    }
    if (calibration != null && calibration.typicality().flatMap(Typicality::gaussian).isPresent()) {
      return WITH_GAUSSIAN;
    }
    if (preprocessing.interpretationOrNull() != null) {
      return WITH_INTERPRETATION;
    }
    if (preprocessing.tiling().isPresent()
        || (calibration != null && calibration.local().isPresent())) {
      return WITH_TILES;
    }
    if (calibration == null) {
      return FIRST;
    }
    if (calibration.typicality().isPresent()) {
      return WITH_TYPICALITY;
    }
    return calibration.control().isPresent() ? WITH_CONTROL : FIRST;
  }

  static void require(Path file, int format) throws ReleaseException {
    if (format < FIRST || format > NEWEST) {
      throw new ReleaseException(
          file
              + " has release format "
              + format
              + ", this version reads the formats "
              + FIRST
              + " to "
              + NEWEST);
    }
  }
}
