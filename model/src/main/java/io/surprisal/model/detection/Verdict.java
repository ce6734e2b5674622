package io.surprisal.model.detection;

import java.util.OptionalDouble;

/**
 * Whether an image raises an alert.
 *
 * @param alert whether it does
 * @param pValue conformal p-value of its bits/dim among the calibration images; empty where the
 *     release is not calibrated
 * @param threshold bits/dim above which an alert fires; empty where the release is not calibrated
 */
public record Verdict(boolean alert, OptionalDouble pValue, OptionalDouble threshold) {}
