package io.surprisal.trainer.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ClusterViewTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final ClusterView view = new ClusterView();
  private Instant now = START;

  private void announce(String id, ReleaseState state) {
    announce(id, state, null);
  }

  private void announce(String id, ReleaseState state, String runId) {
    view.saw(
        ReleaseAnnouncement.newBuilder()
            .setReleaseId(id)
            .setState(state)
            .setLocation("file:///" + id)
            .setSha256(id)
            .setSizeBytes(1)
            .setRunId(runId)
            .setAnnouncedAt(START)
            .build());
  }

  private void command(String id, CommandType type) {
    view.saw(
        ControlCommand.newBuilder().setCommandId(id).setType(type).setRequestedAt(START).build());
  }

  private void event(TrainerEventType type, String runId, String commandId) {
    now = now.plusSeconds(1);
    view.saw(
        TrainerEvent.newBuilder()
            .setType(type)
            .setEventTime(now)
            .setRunId(runId)
            .setCommandId(commandId)
            .build());
  }

  private String active() {
    return view.active().map(ReleaseAnnouncement::getReleaseId).orElse("none");
  }

  private String before() {
    return view.before().map(ReleaseAnnouncement::getReleaseId).orElse("none");
  }

  @Test
  void shouldBeEmptyBeforeAnythingWasSaid() {
    assertThat(active()).isEqualTo("none");
    assertThat(before()).isEqualTo("none");
    assertThat(view.lastRunEnd()).isEmpty();
    assertThat(view.isPaused()).isFalse();
    assertThat(view.openRuns()).isEmpty();
    assertThat(view.waiting()).isEmpty();
  }

  @Test
  void shouldFollowTheReleasesThatServe() {
    announce("a", ReleaseState.ACTIVE, "run-1");
    assertThat(active()).isEqualTo("a");
    assertThat(before()).isEqualTo("none");
    announce("a", ReleaseState.INACTIVE, "run-1");
    announce("b", ReleaseState.ACTIVE, "run-2");
    assertThat(active()).isEqualTo("b");
    assertThat(before()).isEqualTo("a");
    announce("b", ReleaseState.INACTIVE, "run-2");
    announce("c", ReleaseState.ACTIVE);
    assertThat(active()).isEqualTo("c");
    assertThat(before()).isEqualTo("b");
    announce("c", ReleaseState.INACTIVE); // rolled back
    announce("b", ReleaseState.ACTIVE, "run-2");
    assertThat(active()).isEqualTo("b");
    assertThat(before()).isEqualTo("c");
    assertThat(view.release("a").orElseThrow().getState()).isEqualTo(ReleaseState.INACTIVE);
    assertThat(view.release("d")).isEmpty();
    assertThat(view.isAnnounced("run-1")).isTrue();
    assertThat(view.isAnnounced("run-3")).isFalse();
  }

  private void served(String id, String follows, Double heldOutBitsPerDim) {
    view.saw(
        ReleaseAnnouncement.newBuilder()
            .setReleaseId(id)
            .setState(ReleaseState.INACTIVE)
            .setLocation("file:///" + id)
            .setSha256(id)
            .setSizeBytes(1)
            .setHeldOutBitsPerDim(heldOutBitsPerDim)
            .setFollowsReleaseId(follows)
            .setAnnouncedAt(START)
            .build());
  }

  @Test
  void shouldKnowTheBestOfTheReleasesThatHaveServed() {
    assertThat(view.best()).isEmpty();
    served("unmeasured", "", null);
    assertThat(view.best()).isEmpty();
    served("a", "unmeasured", 3.2);
    served("b", "a", 3.1);
    served("c", "b", 3.3);
    served("never served", null, 2.9);
    assertThat(view.best().orElseThrow().getReleaseId()).isEqualTo("b");
  }

  /** An alert rate is set by announcing the active release anew. */
  @Test
  void shouldNotTakeAnotherAlertRateForAnotherRelease() {
    announce("a", ReleaseState.INACTIVE);
    announce("b", ReleaseState.ACTIVE);
    announce("b", ReleaseState.ACTIVE);
    assertThat(active()).isEqualTo("b");
    assertThat(before()).isEqualTo("a");
  }

  /** A compacted topic keeps the last announcement of each release, in their order. */
  @Test
  void shouldSeeTheSameInACompactedTopic() {
    announce("a", ReleaseState.INACTIVE);
    announce("c", ReleaseState.INACTIVE);
    announce("b", ReleaseState.ACTIVE);
    assertThat(active()).isEqualTo("b");
    assertThat(before()).isEqualTo("c");
  }

  @ParameterizedTest
  @EnumSource(names = {"RUN_PUBLISHED", "RUN_REFUSED", "RUN_FAILED", "RUN_CANCELLED"})
  void shouldKnowTheRunsThatHaveNotEnded(TrainerEventType end) {
    event(TrainerEventType.RUN_STARTED, "run-1", null);
    event(TrainerEventType.RUN_PROGRESS, "run-1", null);
    event(TrainerEventType.RUN_STARTED, "run-2", null);
    assertThat(view.openRuns()).containsExactly("run-1", "run-2");
    assertThat(view.lastRunEnd()).isEmpty();
    event(end, "run-1", null);
    assertThat(view.openRuns()).containsExactly("run-2");
    assertThat(view.lastRunEnd()).hasValue(now);
    Instant ended = now;
    event(TrainerEventType.RELEASE_SERVED, null, null);
    event(TrainerEventType.RELEASE_REFUSED, null, null);
    assertThat(view.lastRunEnd()).hasValue(ended);
  }

  /** The topic of commands is read before that of the answers. */
  @Test
  void shouldRememberTheAcceptedCommandsThatNoRunHasCarriedOut() {
    command("unanswered", CommandType.RETRAIN);
    command("waits", CommandType.RETRAIN);
    command("refused", CommandType.RETRAIN);
    command("done", CommandType.RETRAIN);
    command("also waits", CommandType.RETRAIN);
    command("other", CommandType.CANCEL);
    event(TrainerEventType.COMMAND_ACCEPTED, null, "waits");
    event(TrainerEventType.COMMAND_REJECTED, null, "refused");
    event(TrainerEventType.COMMAND_ACCEPTED, null, "done");
    event(TrainerEventType.COMMAND_ACCEPTED, null, "also waits");
    event(TrainerEventType.COMMAND_ACCEPTED, null, "other");
    event(TrainerEventType.RUN_STARTED, "run-1", "done");
    assertThat(view.waiting()).containsOnlyKeys("waits", "done", "also waits");
    event(TrainerEventType.RUN_PUBLISHED, "run-1", "done");
    event(TrainerEventType.COMMAND_DONE, null, "done");
    assertThat(view.waiting().keySet()).containsExactly("waits", "also waits");
    assertThat(view.isAnswered("unanswered")).isFalse();
    for (String id : new String[] {"waits", "refused", "done", "also waits", "other"}) {
      assertThat(view.isAnswered(id)).isTrue();
    }
    event(TrainerEventType.COMMAND_REJECTED, null, "waits"); // its run was refused
    assertThat(view.waiting().keySet()).containsExactly("also waits");
  }

  /** A command that is sent again while it waits is accepted again, and carried out once. */
  @Test
  void shouldLetARepeatedCommandWaitOnce() {
    command("waits", CommandType.RETRAIN);
    command("waits", CommandType.RETRAIN);
    event(TrainerEventType.COMMAND_ACCEPTED, null, "waits");
    event(TrainerEventType.COMMAND_ACCEPTED, null, "waits");
    assertThat(view.isWaiting("waits")).isTrue();
    assertThat(view.waiting()).containsOnlyKeys("waits");
    event(TrainerEventType.COMMAND_DONE, null, "waits");
    assertThat(view.isWaiting("waits")).isFalse();
    event(TrainerEventType.COMMAND_REJECTED, null, "waits"); // sent again
    assertThat(view.waiting()).isEmpty();
  }

  @Test
  void shouldBePausedFromAPauseThatWasCarriedOutToAResume() {
    command("p", CommandType.PAUSE);
    command("q", CommandType.PAUSE);
    command("r", CommandType.RESUME);
    assertThat(view.isPaused()).isFalse();
    event(TrainerEventType.COMMAND_REJECTED, null, "q");
    assertThat(view.isPaused()).isFalse();
    event(TrainerEventType.COMMAND_DONE, null, "p");
    assertThat(view.isPaused()).isTrue();
    event(TrainerEventType.COMMAND_REJECTED, null, "p"); // sent again
    assertThat(view.isPaused()).isTrue();
    event(TrainerEventType.COMMAND_DONE, null, "r");
    assertThat(view.isPaused()).isFalse();
  }

  /** Events of a later version, and rejections of records that name no command. */
  @Test
  void shouldPassOverWhatItDoesNotKnow() {
    event(TrainerEventType.UNKNOWN, "run-1", "c");
    event(TrainerEventType.COMMAND_REJECTED, null, null);
    event(TrainerEventType.COMMAND_ACCEPTED, null, "never seen");
    assertThat(view.openRuns()).isEmpty();
    assertThat(view.waiting()).isEmpty();
    assertThat(view.isAnswered("c")).isFalse();
    assertThat(view.isAnswered("never seen")).isTrue();
  }

  private String candidate() {
    return view.candidate().map(ReleaseAnnouncement::getReleaseId).orElse("none");
  }

  @Test
  void shouldFollowTheCandidateAndNotTakeARefusedOneForTheReleaseBefore() {
    announce("a", ReleaseState.ACTIVE);
    announce("a", ReleaseState.INACTIVE);
    announce("b", ReleaseState.ACTIVE);
    announce("c", ReleaseState.CANDIDATE);
    assertThat(candidate()).isEqualTo("c");
    assertThat(active()).isEqualTo("b");
    announce("c", ReleaseState.REFUSED);
    assertThat(candidate()).isEqualTo("none");
    assertThat(before()).isEqualTo("a");
    announce("d", ReleaseState.CANDIDATE);
    announce("b", ReleaseState.INACTIVE);
    announce("d", ReleaseState.ACTIVE);
    assertThat(candidate()).isEqualTo("none");
    assertThat(active()).isEqualTo("d");
    assertThat(before()).isEqualTo("b");
  }

  @Test
  void shouldRememberTheCommandOfACanaryUntilItIsDecided() {
    command("k1", CommandType.CANARY);
    event(TrainerEventType.COMMAND_ACCEPTED, null, "k1");
    assertThat(view.canary()).isPresent();
    assertThat(view.isWaiting("k1")).isTrue();
    assertThat(view.waiting()).as("no run carries it out").isEmpty();
    event(TrainerEventType.COMMAND_REJECTED, null, "k1");
    assertThat(view.canary()).isEmpty();
    assertThat(view.isAnswered("k1")).isTrue();
  }
}
