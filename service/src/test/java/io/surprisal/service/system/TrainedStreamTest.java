package io.surprisal.service.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.CalibrationGroup;
import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ScoreVerdict;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole loop in real processes: an empty broker, scorers that wait, a first release, a stream
 * that changes for good, and a release that knows the change.
 */
@Tag("system")
class TrainedStreamTest {
  private static final Logger LOG = LoggerFactory.getLogger(TrainedStreamTest.class);
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int FIRST = 900;
  private static final int SHIFTED = 900;
  private static final int AFTER = 400;

  @TempDir private Path folder;

  @Test
  @Timeout(600)
  void shouldTrainTheFirstReleaseAndLearnWhatTheStreamBecomes() throws Exception {
    try (TrainerProcesses system = new TrainerProcesses(folder);
        Records.Follower follower = new Records.Follower(system.server(), "surprisal.scores")) {
      system.scorer("scorer-1");
      system.scorer("scorer-2");
      system.trainer(
          "trainer",
          "--first-images",
          "800",
          "--minutes",
          "0.4",
          "--share", // what it learns in so short a time must not depend on who else is busy
          "1",
          "--drift-images",
          "300",
          "--drift-time",
          "1ms",
          "--drift-false-alarms",
          "100000");
      system.publish(system.images("usual.idx", 1, FIRST, 0, 0), "usual");

      TrainerEvent first = system.await(TrainerEventType.RUN_PUBLISHED, 1, PATIENCE);
      system.awaitServed(first.getReleaseId(), PATIENCE, "scorer-1", "scorer-2");
      system.await(
          "the waiting images are scored",
          PATIENCE,
          () -> TrainerProcesses.scores(follower, "usual").size() >= FIRST);
      assertThat(TrainerProcesses.scores(follower, "usual"))
          .as("no image that waited is lost or scored twice")
          .extracting(ImageScore::getImageId)
          .containsExactlyInAnyOrderElementsOf(names("usual.idx", FIRST));
      assertThat(TrainerProcesses.scores(follower, "usual"))
          .as("the release knows the source that it learned from")
          .extracting(ImageScore::getCalibratedOn)
          .containsOnly(CalibrationGroup.SOURCE);

      system.publish(system.images("rough.idx", 2, SHIFTED, 10, 0), "rough");
      TrainerEvent second = system.await(TrainerEventType.RUN_PUBLISHED, 2, PATIENCE);
      system.awaitServed(second.getReleaseId(), PATIENCE, "scorer-1", "scorer-2");
      system.publish(system.images("rough-later.idx", 3, AFTER, 10, 0), "rough-later");
      system.publish(system.images("defects.idx", 4, AFTER, 10, 1), "defects");
      system.await(
          "all is scored",
          PATIENCE,
          () ->
              TrainerProcesses.scores(follower, "rough").size() >= SHIFTED
                  && TrainerProcesses.scores(follower, "rough-later").size() >= AFTER
                  && TrainerProcesses.scores(follower, "defects").size() >= AFTER);

      double before = alertRate(TrainerProcesses.scores(follower, "usual"), first.getReleaseId());
      double during = alertRate(TrainerProcesses.scores(follower, "rough"), first.getReleaseId());
      double after =
          alertRate(TrainerProcesses.scores(follower, "rough-later"), second.getReleaseId());
      double defects =
          alertRate(TrainerProcesses.scores(follower, "defects"), second.getReleaseId());
      LOG.info(
          "alert rates: usual {}, shifted {}, shifted under the new release {}, its defects {}",
          before,
          during,
          after,
          defects);
      assertThat(during).as("alerts rise").isGreaterThan(0.5);
      assertThat(TrainerProcesses.scores(follower, "rough"))
          .as("and no other")
          .filteredOn(score -> score.getReleaseId().equals(first.getReleaseId()))
          .extracting(ImageScore::getCalibratedOn)
          .containsOnly(CalibrationGroup.ALL);
      // The rate's standard deviation over calibrations of at least 100 images and 400 scores is
      // below 0.025: 0.15 lies four of them above 0.05.
      assertThat(before).as("alert rate before").isLessThan(0.15);
      assertThat(after).as("alert rate on the new normal").isLessThan(0.15);
      assertThat(defects).as("defects still alert").isGreaterThan(2 * after);
      assertThat(
              system.events(TrainerEventType.RUN_STARTED).stream()
                  .filter(event -> second.getRunId().equals(event.getRunId()))
                  .map(TrainerEvent::getMessage))
          .singleElement()
          .asString()
          .contains("more surprising")
          .contains(first.getReleaseId());
      Release release = new ReleaseStore(system.store()).load(second.getReleaseId());
      assertThat(release.provenance().orElseThrow().parent()).isEqualTo(first.getReleaseId());
      assertThat(release.provenance().orElseThrow().window()).isNotEmpty();
    }
  }

  private static List<String> names(String file, int count) {
    return IntStream.range(0, count).mapToObj(i -> file + "#" + i).toList();
  }

  private static double alertRate(List<ImageScore> scores, String releaseId) {
    return scores.stream()
        .filter(score -> score.getReleaseId().equals(releaseId))
        .mapToInt(score -> score.getVerdict() == ScoreVerdict.ALERT ? 1 : 0)
        .average()
        .orElseThrow();
  }
}
