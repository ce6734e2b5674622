package io.surprisal.trainer;

import io.surprisal.handover.PublicationSettings;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.drift.DriftSensitivity;
import io.surprisal.trainer.release.CanarySettings;
import io.surprisal.trainer.reservoir.ReservoirBounds;
import io.surprisal.trainer.run.RunSettings;
import io.surprisal.trainer.run.ScheduleSettings;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a trainer works: one group for each of its rooms, which know no more than theirs.
 *
 * @param directory of reservoir and runs, one for each process; kept over restarts
 * @param cluster that it belongs to
 * @param firstRelease file that is announced where no release is active yet; empty: the first
 *     release is trained
 * @param publication of releases
 * @param bounds of the reservoir
 * @param sensitivity of the drift test
 * @param canary how candidates are tried on live traffic
 * @param schedule of runs
 * @param runs how they train, and the gate at their end
 */
public record TrainerSettings(
    Path directory,
    ClusterSettings cluster,
    Optional<Path> firstRelease,
    PublicationSettings publication,
    ReservoirBounds bounds,
    DriftSensitivity sensitivity,
    CanarySettings canary,
    ScheduleSettings schedule,
    RunSettings runs) {}
