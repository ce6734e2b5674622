package io.surprisal.topology.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.streams.processor.TaskId;
import org.junit.jupiter.api.Test;

class UncommittedWorkTest {
  private static final TaskId IMAGES = new TaskId(0, 0);
  private static final TaskId OTHER_IMAGES = new TaskId(0, 3);
  private static final TaskId SOURCES = new TaskId(1, 0);

  private final UncommittedWork work = new UncommittedWork();

  /** What Kafka Streams does to a corrupted task while a rebalance is under way. */
  @Test
  void shouldTellOfTasksThatGoOnAfterAnotherOneWasClosed() {
    work.add(IMAGES);
    work.add(SOURCES);
    work.add(OTHER_IMAGES);
    work.forget(SOURCES); // closed, which aborts the transaction
    work.aborted();

    assertThat(work.takeLost()).containsExactly(IMAGES, OTHER_IMAGES);
    assertThat(work.takeLost()).isEmpty();
  }

  @Test
  void shouldLoseNothingThatIsCommittedBefore() {
    work.add(IMAGES);
    work.add(SOURCES);
    work.committed();
    work.forget(SOURCES);
    work.aborted();

    assertThat(work.takeLost()).isEmpty();
  }

  @Test
  void shouldLoseNothingOfTasksThatAreClosedAfterwardsToo() {
    work.add(IMAGES);
    work.add(SOURCES);
    work.forget(SOURCES);
    work.aborted();
    work.forget(IMAGES);

    assertThat(work.takeLost()).isEmpty();
  }

  @Test
  void shouldTellOfWhatWasDoneSinceTheLastCommitAlone() {
    work.add(IMAGES);
    work.committed();
    work.add(OTHER_IMAGES);
    work.aborted();
    work.add(IMAGES);

    assertThat(work.takeLost()).containsExactly(OTHER_IMAGES);
  }

  @Test
  void shouldBeOfOneThread() {
    UncommittedWork here = UncommittedWork.ofThread();

    assertThat(UncommittedWork.ofThread()).isSameAs(here);
    assertThat(CompletableFuture.supplyAsync(UncommittedWork::ofThread).join()).isNotSameAs(here);
  }
}
