package io.surprisal.trainer.run;

import ai.djl.Device;
import io.surprisal.model.fit.PicturePlan;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.trainer.release.GateSettings;
import java.util.Optional;

/**
 * How runs train, and what their candidates are measured by.
 *
 * @param imagesTopic that the images come from, for the releases
 * @param configuration of new networks; empty: what suits images, budget and machine
 * @param pictures how the first network sees pictures that are larger than a network, as far as it
 *     is set; later ones see them as the release that serves does
 * @param device to train on
 * @param share of the processors that runs take while others want them too, in (0, 1]
 * @param gate that candidates must pass
 * @param software name and version of this program, for the releases
 */
public record RunSettings(
    String imagesTopic,
    Optional<FitConfiguration> configuration,
    PicturePlan.Wishes pictures,
    Device device,
    double share,
    GateSettings gate,
    String software) {}
