package io.surprisal.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.handover.PublishedReleases;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.RecordedCluster;
import io.surprisal.trainer.SmallRuns;
import io.surprisal.trainer.StreamImages;
import io.surprisal.trainer.drift.CusumDetector;
import io.surprisal.trainer.drift.StreamShift;
import io.surprisal.trainer.release.ServingRelease;
import io.surprisal.trainer.reservoir.Reservoir;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run a day, at least ten minutes apart, and the first one from 200 images. */
class RunScheduleTest {
  private static final ScheduleSettings SETTINGS =
      new ScheduleSettings(
          200, Duration.ofMinutes(20), Duration.ofHours(24), Duration.ofMinutes(10));

  @TempDir Path folder;
  private final RecordedCluster cluster = new RecordedCluster();
  private Instant now = RecordedCluster.NOW;
  private Optional<StreamShift> shift = Optional.empty();
  private Reservoir reservoir;
  private RunSchedule schedule;

  @BeforeEach
  void open() throws IOException {
    reservoir = new Reservoir(folder.resolve("reservoir"), SmallRuns.BOUNDS);
    ReleaseStore store = new ReleaseStore(folder.resolve("store"));
    PublishedReleases releases = cluster.releases(folder.resolve("store"), store, () -> now);
    RunSettings runs = SmallRuns.runs();
    ServingRelease serving = cluster.serving(releases, store, () -> now);
    schedule =
        new RunSchedule(
            SETTINGS,
            reservoir,
            release -> shift.filter(s -> release.equals("active")),
            new RunPlanner(runs, reservoir, store),
            cluster.view(),
            serving,
            () -> now);
  }

  @AfterEach
  void close() {
    reservoir.close();
  }

  private void fill(long from, long to) {
    reservoir.add(LongStream.range(from, to).mapToObj(StreamImages::frame).toList(), Map.of());
  }

  private void activate() {
    cluster
        .view()
        .saw(
            ReleaseAnnouncement.newBuilder()
                .setReleaseId("active")
                .setState(ReleaseState.ACTIVE)
                .setLocation("file:///active")
                .setSha256("active")
                .setSizeBytes(1)
                .setAlertRate(0.1)
                .setAnnouncedAt(now)
                .build());
  }

  private void runEnded() {
    cluster
        .view()
        .saw(
            TrainerEvent.newBuilder()
                .setType(TrainerEventType.RUN_REFUSED)
                .setRunId("run-0")
                .setEventTime(now)
                .build());
  }

  @Test
  void shouldStartTheFirstRunOnceThereAreEnoughImages() {
    assertThat(schedule.filling()).hasValue("0 of 200 images for the first release");
    fill(0, 199);
    assertThat(schedule.next()).isEmpty();
    assertThat(schedule.filling()).hasValue("199 of 200 images for the first release");
    fill(199, 200);
    RunOrder order = schedule.next().orElseThrow();
    assertThat(order.trigger()).startsWith("the first release");
    assertThat(order.active()).isEmpty();
    assertThat(order.commands()).isEmpty();
    assertThat(order.includeAlerted()).isFalse();
    assertThat(order.budget()).isEqualTo(SETTINGS.budget());
    assertThat(order.alertRate()).as("as configured").isEqualTo(0.05);
    activate();
    assertThat(schedule.filling()).isEmpty();
  }

  @Test
  void shouldStartARunWhenNoneHasEndedForADay() {
    fill(0, 300);
    activate();
    now = now.plus(SETTINGS.every()).minusSeconds(1);
    assertThat(schedule.next()).isEmpty();
    now = now.plusSeconds(1);
    RunOrder order = schedule.next().orElseThrow();
    assertThat(order.trigger()).isEqualTo("the schedule, every PT24H");
    assertThat(order.active()).hasValue("active");
    assertThat(order.fromScratch()).isFalse();
    assertThat(order.alertRate()).as("as announced").isEqualTo(0.1);
    runEnded();
    assertThat(schedule.next()).isEmpty();
    now = now.plus(SETTINGS.every());
    assertThat(schedule.next()).isPresent();
  }

  @Test
  void shouldStartARunAfterAShiftButNotSoonAfterAnother() {
    fill(0, 300);
    activate();
    runEnded();
    shift =
        Optional.of(
            new StreamShift(
                Optional.empty(),
                CusumDetector.Change.MORE_SURPRISING,
                StreamImages.START.plusSeconds(100),
                200));
    now = now.plus(SETTINGS.pause()).minusSeconds(1);
    assertThat(schedule.next()).isEmpty();
    now = now.plusSeconds(1);
    RunOrder order = schedule.next().orElseThrow();
    assertThat(order.shift()).isEqualTo(shift);
    assertThat(order.trigger()).isEqualTo(shift.get().summary());
  }

  /** Held-out images from after it: of the ten newest frames a few at most. */
  @Test
  void shouldWaitForImagesFromAfterTheShift() {
    fill(0, 300);
    activate();
    shift =
        Optional.of(
            new StreamShift(
                Optional.empty(),
                CusumDetector.Change.MORE_SURPRISING,
                StreamImages.START.plusSeconds(290),
                10));
    assertThat(schedule.next()).isEmpty();
  }

  /** Commands wait for nothing, and what one of them asks for the run does. */
  @Test
  void shouldMakeOneRunOfAllCommandsThatWait() {
    activate();
    runEnded();
    cluster.accepted(RecordedCluster.command("c1", CommandType.RETRAIN).setMinutes(0.5).build());
    cluster.accepted(
        RecordedCluster.command("c2", CommandType.RETRAIN)
            .setMinutes(30.0)
            .setIncludeAlerted(true)
            .setReason("new lamp")
            .build());
    RunOrder order = schedule.next().orElseThrow();
    assertThat(order.commands()).containsExactly("c1", "c2");
    assertThat(order.trigger()).isEqualTo("asked for by a test; asked for by a test: new lamp");
    assertThat(order.budget()).isEqualTo(Duration.ofMinutes(30));
    assertThat(order.includeAlerted()).isTrue();
    assertThat(order.fromScratch()).isFalse();
  }

  @Test
  void shouldTrainForTheUsualTimeWhereACommandNamesNone() {
    cluster.accepted(
        RecordedCluster.command("c1", CommandType.RETRAIN).setFromScratch(true).build());
    RunOrder order = schedule.next().orElseThrow();
    assertThat(order.budget()).isEqualTo(SETTINGS.budget());
    assertThat(order.fromScratch()).isTrue();
  }

  /** An event of the topic says when: by a clock that is wrong, or by somebody's ill will. */
  @Test
  void shouldNotWaitForTheEndOfARunThatIsYetToCome() {
    fill(0, 300);
    cluster
        .view()
        .saw(
            TrainerEvent.newBuilder()
                .setType(TrainerEventType.RUN_FAILED)
                .setRunId("r")
                .setEventTime(now.plus(Duration.ofDays(1000)))
                .build());
    assertThat(schedule.next()).isPresent();
  }
}
