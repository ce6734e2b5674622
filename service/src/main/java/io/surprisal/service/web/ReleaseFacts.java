package io.surprisal.service.web;

import io.surprisal.model.diffusion.NoiseSchedule;
import io.surprisal.model.release.CalibrationScores;
import io.surprisal.model.release.Release;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * What pages show of a release's file; little beside the file itself.
 *
 * @param schedule its form's name
 * @param gamma γ(t) = −log SNR(t) at times equally far apart, from 0 to 1
 * @param calibration scores of the calibration images, in bits/dim alone; empty: it is not
 *     calibrated
 * @param shows what samples of it are
 */
record ReleaseFacts(
    String schedule, List<Double> gamma, Optional<CalibrationScores> calibration, String shows) {
  private static final int POINTS = 101;

  static ReleaseFacts of(Release release) {
    NoiseSchedule schedule = NoiseSchedule.of(release.configuration(), release.parameters());
    return new ReleaseFacts(
        release.configuration().schedule().toString(),
        times().map(schedule::gamma).boxed().toList(),
        release
            .calibration()
            .map(
                of ->
                    new CalibrationScores(
                        of.bitsPerDim(), new float[0], new float[0], of.sources())),
        shows(release));
  }

  /**
   * What the calibration images that judged a score score themselves, in bits/dim, ascending; none
   * of a release that is not calibrated.
   *
   * @param source that the score's image comes from
   */
  List<Float> judging(SeenScore score, String source) {
    float[] values =
        calibration
            .map(all -> score.bySource() ? all.only(all.sources().images(source)) : all)
            .map(CalibrationScores::bitsPerDim)
            .orElseGet(() -> new float[0]);
    return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
  }

  private static String shows(Release release) {
    String size =
        "%d×%d".formatted(release.preprocessing().width(), release.preprocessing().height());
    return release
        .preprocessing()
        .tiling()
        .map(tiling -> "tiles of " + size + " at scale " + tiling.scale())
        .orElse("pictures of " + size);
  }

  private static DoubleStream times() {
    return IntStream.range(0, POINTS).mapToDouble(i -> i / (POINTS - 1.0));
  }

  /** The schedule, for JSON. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("schedule", schedule);
    fields.put("t", times().boxed().toList());
    fields.put("gamma", gamma);
    fields.put("shows", shows);
    return fields;
  }
}
