package io.surprisal.model.camera;

/** What passes under the demo's camera. */
public enum Surface {
  /** Horizontal streaks that run through the picture, with fine grain. */
  BRUSHED_METAL,
  /** A plain weave of two thread families, each thread with its own brightness. */
  WEAVE,
  /** A cast surface: blotches of a few pixels. */
  GRAIN
}
