package io.surprisal.model.compression;

/** Is told how far coding has come, on the threads that code. */
@FunctionalInterface
public interface CodingProgress {

  /**
   * Some more steps are done.
   *
   * @param done steps of tiles so far
   * @param all of the steps, tiles · T; estimated while not all pictures have been seen
   */
  void at(long done, long all);
}
