package io.surprisal.model.compression;

/** Is told of every step of every image, on the thread that takes it. */
@FunctionalInterface
interface StepListener {

  /**
   * Some images are about to take one of their T steps.
   *
   * @throws StoppedException if they shall not
   */
  void step(int images);

  /** A block is about to be coded: pictures, and the tiles that they are. */
  default void block(int pictures, int tiles) {}
}
