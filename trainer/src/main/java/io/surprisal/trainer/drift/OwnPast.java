package io.surprisal.trainer.drift;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;

/**
 * Whether images of a source have changed against what they were under the same release. A source
 * that has always differed from the others, or whose images differ from those that the release was
 * calibrated on, has not changed.
 *
 * <p>The p-values that its scores came with are ranked among those of its first images. Where
 * images in a row resemble one another, each τ-th is looked at, τ their {@link Correlation} time in
 * that past; and as many are awaited until the first are known: {@value #FEWEST} times τ. As long
 * as nothing stirs, what is known is widened twice, to four times as many images each.
 *
 * <p>n images know a p-value but for an error. It is counted as large as it may be at three
 * standard errors (Wilson 1927), so that the sums of the {@link CusumDetector} promise what they
 * say given the past that they have, not on average over pasts.
 *
 * <p>Bounded memory. Not thread-safe.
 */
final class OwnPast {
  static final int FEWEST = 256;

  private static final int STEP = 4;
  private static final int STEPS = 2;
  private static final int CAPACITY = 1024;
  private static final double ERRORS = 3;

  /**
   * All that it knows.
   *
   * @param images so far
   * @param stride each so many are kept
   * @param likely p-values of bits/dim of those that are kept
   * @param typical p-values of untypicality; NaN where the release has no such test
   * @param reference how many of the images are the past; 0: too few as yet
   * @param time their correlation time
   * @param untested images since the last that was looked at
   */
  record State(
      long images,
      int stride,
      List<Float> likely,
      List<Float> typical,
      List<Correlation.Level> likelyLevels,
      List<Correlation.Level> typicalLevels,
      long reference,
      double time,
      int untested,
      CusumDetector.State detector) {
    public static final State START =
        new State(
            0, 1, List.of(), List.of(), List.of(), List.of(), 0, 1, 0, CusumDetector.State.START);
  }

  private final CusumDetector detector;
  private final Correlation likelyTime;
  private final Correlation typicalTime;
  private final List<Float> likely;
  private final List<Float> typical;
  private long images;
  private int stride;
  private long reference;
  private double time;
  private int untested;

  /** Of the past, ascending; none before there is one. */
  private double[] likelyPast = new double[0];

  private double[] typicalPast = new double[0];

  /** Goes on. */
  OwnPast(DriftSensitivity sensitivity, State state) {
    detector = new CusumDetector(sensitivity, state.detector());
    likelyTime = new Correlation(state.likelyLevels());
    typicalTime = new Correlation(state.typicalLevels());
    likely = new ArrayList<>(state.likely());
    typical = new ArrayList<>(state.typical());
    images = state.images();
    stride = state.stride();
    reference = state.reference();
    time = state.time();
    untested = state.untested();
    recall();
  }

  State state() {
    return new State(
        images,
        stride,
        List.copyOf(likely),
        List.copyOf(typical),
        likelyTime.levels(),
        typicalTime.levels(),
        reference,
        time,
        untested,
        detector.state());
  }

  /** The change that has lasted; empty while there is none. */
  Optional<CusumDetector.Shift> shift() {
    return detector.shift();
  }

  /** A change of one kind, whether or not it has lasted. */
  Optional<CusumDetector.Shift> alarm(CusumDetector.Change change) {
    return detector.alarm(change);
  }

  /**
   * One image has been scored.
   *
   * @param pValue of its bits/dim, in (0, 1]
   * @param atypicalPValue of its untypicality, in (0, 1]; empty where the release has no such test
   */
  void observe(double pValue, OptionalDouble atypicalPValue, Instant when) {
    test(pValue, atypicalPValue, when);
    remember(pValue, atypicalPValue);
    if (isPast()) {
      reference = images;
      time = correlationTime();
      recall();
    }
  }

  /** Whether what has come so far is to be the past from now on. */
  private boolean isPast() {
    if (reference > 0 && (images < STEP * reference || !detector.isQuiet())) {
      return false;
    }
    double known = images / correlationTime();
    return reference > 0
        ? known <= FEWEST * Math.pow(STEP, STEPS)
        : known >= FEWEST
            && likelyTime.isSettled()
            && (typicalTime.levels().isEmpty() || typicalTime.isSettled());
  }

  private double correlationTime() {
    return Math.max(likelyTime.time(), typicalTime.time());
  }

  /** How many images in a row say as much as one, as far as is known. */
  long spacing() {
    return Math.round(reference > 0 ? time : correlationTime());
  }

  private void test(double pValue, OptionalDouble atypicalPValue, Instant when) {
    untested++;
    if (reference == 0 || untested < spacing()) {
      return;
    }
    double n = Math.min(likelyPast.length, reference / time);
    OptionalDouble untypical =
        atypicalPValue.isPresent() && typicalPast.length > 0
            ? OptionalDouble.of(low(typicalPast, atypicalPValue.getAsDouble(), n))
            : OptionalDouble.empty();
    detector.observe(
        new CusumDetector.Evidence(
            low(likelyPast, pValue, n),
            high(likelyPast, pValue, n),
            untypical,
            CusumDetector.USUAL_KAPPA,
            CusumDetector.kappaOfUntypical(n)),
        untested,
        when);
    untested = 0;
  }

  /** How rare it was that a value is as low, at most. */
  private static double low(double[] past, double value, double n) {
    int index = Arrays.binarySearch(past, (float) value);
    int above = index < 0 ? -index - 1 : index;
    while (above < past.length && past[above] == (float) value) {
      above++;
    }
    return upper((1.0 + above) / (past.length + 1), n);
  }

  /** How rare it was that a value is as high, at most. */
  private static double high(double[] past, double value, double n) {
    int index = Arrays.binarySearch(past, (float) value);
    int below = index < 0 ? -index - 1 : index;
    while (below > 0 && past[below - 1] == (float) value) {
      below--;
    }
    return upper((1.0 + past.length - below) / (past.length + 1), n);
  }

  /** Upper end of Wilson's interval of a share that n images show. */
  private static double upper(double share, double n) {
    double z = ERRORS * ERRORS / n;
    double error = ERRORS * Math.sqrt(share * (1 - share) / n + z / (4 * n));
    return Math.min(1, (share + z / 2 + error) / (1 + z));
  }

  private void remember(double pValue, OptionalDouble atypicalPValue) {
    if (images % stride == 0) {
      likely.add((float) pValue);
      typical.add((float) atypicalPValue.orElse(Double.NaN));
      if (likely.size() == CAPACITY) {
        halve(likely);
        halve(typical);
        stride *= 2;
      }
    }
    images++;
    likelyTime.add(pValue);
    atypicalPValue.ifPresent(typicalTime::add);
  }

  /** Keeps every second one. */
  private static void halve(List<Float> values) {
    for (int i = 0; i < values.size() / 2; i++) {
      values.set(i, values.get(2 * i));
    }
    values.subList(values.size() / 2, values.size()).clear();
  }

  private void recall() {
    likelyPast = past(likely);
    typicalPast = past(typical);
  }

  private double[] past(List<Float> values) {
    int kept = (int) Math.min(values.size(), (reference + stride - 1) / stride);
    return values.subList(0, kept).stream()
        .filter(value -> !value.isNaN())
        .flatMapToDouble(DoubleStream::of)
        .sorted()
        .toArray();
  }
}
