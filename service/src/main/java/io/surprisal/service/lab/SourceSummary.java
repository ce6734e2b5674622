package io.surprisal.service.lab;

import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.release.Calibration;
import java.util.List;
import java.util.Locale;

/**
 * What a release's calibration knows of a source.
 *
 * @param images of it
 * @param medianBitsPerDim of these
 * @param lowestOwnRate alert rate from which it is judged by its own images; below by others too
 */
record SourceSummary(String name, int images, double medianBitsPerDim, double lowestOwnRate) {

  /** Of all sources that are told apart, by name. */
  static List<SourceSummary> of(Calibration calibration) {
    return calibration.sources().names().stream()
        .filter(name -> calibration.sources().images(name).length > 0)
        .map(
            name -> {
              Calibration its = calibration.only(calibration.sources().images(name));
              return new SourceSummary(
                  name,
                  its.images(),
                  its.bitsPerDim()[its.images() / 2],
                  AlertRules.lowestOwnRate(calibration, its.images()));
            })
        .toList();
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "%d images, median %.4f bits/dim; judged by its own at alert rates from %.4f on",
        images,
        medianBitsPerDim,
        lowestOwnRate);
  }
}
