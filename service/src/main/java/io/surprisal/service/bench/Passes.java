package io.surprisal.service.bench;

import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * How often a pass is repeated: {@value #WARM_UP} times to warm up, and then as often as is
 * measured.
 *
 * @param measured at least 1
 */
record Passes(int measured) {
  static final int WARM_UP = 2;

  /** What the measured passes return, in their order. */
  <T> List<T> measure(Supplier<T> pass) {
    return Stream.generate(pass).limit((long) WARM_UP + measured).skip(WARM_UP).toList();
  }

  /**
   * Times the passes.
   *
   * @param pass one of them; returns milliseconds an image
   */
  Timing time(DoubleSupplier pass) {
    return Timing.of(measure(pass::getAsDouble).stream().mapToDouble(millis -> millis).toArray());
  }
}
