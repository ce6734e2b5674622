package io.surprisal.topology.sources;

import io.surprisal.schemas.SourceAspect;

/**
 * What is measured of a picture, on a scale on which equal steps matter equally much: exposure by
 * its log odds between black and white, focus and colour by their logarithms.
 */
enum Measure {
  /** First: where the light goes out, detail and colour go with it. */
  EXPOSURE(SourceAspect.EXPOSURE, 1) {
    @Override
    double scaled(FrameLook look) {
      return Math.log(
          (look.exposure() + EXPOSURE_OFFSET) / (255 + EXPOSURE_OFFSET - look.exposure()));
    }

    @Override
    double level(double scaled) {
      double odds = Math.exp(scaled);
      return clamp(((255 + EXPOSURE_OFFSET) * odds - EXPOSURE_OFFSET) / (1 + odds));
    }
  },
  COLOUR(SourceAspect.COLOUR, Math.log(2)) {
    @Override
    double scaled(FrameLook look) {
      return Math.log(look.colour() + COLOUR_OFFSET);
    }

    @Override
    double level(double scaled) {
      return clamp(Math.exp(scaled) - COLOUR_OFFSET);
    }
  },
  FOCUS(SourceAspect.FOCUS, Math.log(2)) {
    @Override
    double scaled(FrameLook look) {
      return Math.log(look.focus() + FOCUS_OFFSET);
    }

    @Override
    double level(double scaled) {
      return Math.max(0, Math.exp(scaled) - FOCUS_OFFSET);
    }
  };

  /** Levels below which differences are noise. */
  private static final double EXPOSURE_OFFSET = 8;

  private static final double COLOUR_OFFSET = 4;
  private static final double FOCUS_OFFSET = 1;

  private final SourceAspect aspect;
  private final double least;

  Measure(SourceAspect aspect, double least) {
    this.aspect = aspect;
    this.least = least;
  }

  SourceAspect aspect() {
    return aspect;
  }

  /** A change that is smaller, on the scale, is none: about half or double. */
  double least() {
    return least;
  }

  abstract double scaled(FrameLook look);

  /** Back to the aspect's unit. */
  abstract double level(double scaled);

  private static double clamp(double level) {
    return Math.max(0, Math.min(255, level));
  }
}
