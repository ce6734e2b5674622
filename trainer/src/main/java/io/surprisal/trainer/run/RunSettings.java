package io.surprisal.trainer.run;

import ai.djl.Device;
import io.surprisal.model.training.FitConfiguration;
import io.surprisal.trainer.release.GateSettings;
import java.util.Optional;

/**
 * How runs train, and what their candidates are measured by.
 *
 * @param imagesTopic that the images come from, for the releases
 * @param configuration of new networks; empty: what suits images, budget and machine
 * @param largestSide larger images are scaled down to this many pixels a side in new networks
 * @param device to train on
 * @param gate that candidates must pass
 * @param software name and version of this program, for the releases
 */
public record RunSettings(
    String imagesTopic,
    Optional<FitConfiguration> configuration,
    int largestSide,
    Device device,
    GateSettings gate,
    String software) {}
