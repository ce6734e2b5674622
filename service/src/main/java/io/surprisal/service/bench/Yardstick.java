package io.surprisal.service.bench;

/** What the throughput of a stream is held against, in turn with it. */
interface Yardstick {
  /** What the runs are called. */
  String name();

  /**
   * Runs once.
   *
   * @param round from 1
   * @param progress is told of every image
   * @return images a second
   */
  double imagesPerSecond(int round, Runnable progress) throws Exception;
}
