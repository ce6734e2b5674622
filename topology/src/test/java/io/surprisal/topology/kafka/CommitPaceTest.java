package io.surprisal.topology.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CommitPaceTest {
  private final CommitPace pace = new CommitPace();
  private final CommitPace.Results one = pace.results();
  private final CommitPace.Results other = pace.results();

  @Test
  void shouldAskForNothingWithoutResults() {
    assertThat(one.present()).isFalse();
    assertThat(one.commitDue(1_000)).isFalse();
  }

  @Test
  void shouldAskAtOnceAndThenNoMoreOftenThanInFiftyMilliseconds() {
    one.add(1_000, 20);
    assertThat(one.commitDue(1_000)).isTrue();
    assertThat(one.present()).isFalse();

    one.add(1_010, 20);
    assertThat(one.commitDue(1_049)).isFalse();
    assertThat(one.present()).isTrue();
    assertThat(one.commitDue(1_050)).isTrue();
  }

  @Test
  void shouldTakeTheCommitOfAnotherTaskForItsOwn() {
    one.add(1_000, 20);
    other.add(1_000, 20);
    other.add(1_005, 20);
    assertThat(one.commitDue(1_010)).isTrue();

    assertThat(other.present()).isFalse();
    assertThat(other.commitDue(1_100)).isFalse();
  }

  @Test
  void shouldNotTakeACommitForItsOwnThatCameBeforeItsResults() {
    one.add(1_000, 20);
    assertThat(one.commitDue(1_010)).isTrue();
    other.add(1_010, 20); // perhaps after it
    other.add(1_020, 20);

    assertThat(other.present()).isTrue();
    assertThat(other.commitDue(1_059)).isFalse();
    assertThat(other.commitDue(1_060)).isTrue();
  }

  @Test
  void shouldLeaveTheResultsOfOldImagesToTheInterval() {
    one.add(1_000, CommitPace.FRESH_MILLIS);
    assertThat(one.present()).isFalse();

    one.add(1_000, CommitPace.FRESH_MILLIS - 1);
    assertThat(one.present()).isTrue();
  }

  @Test
  void shouldWaitForAQuarterOfWhatImagesHaveWaitedAlready() {
    one.add(1_000, 20);
    assertThat(one.commitDue(1_000)).isTrue();
    one.add(1_010, 800);
    one.add(1_020, 20);

    assertThat(one.commitDue(1_199)).isFalse();
    assertThat(one.commitDue(1_200)).isTrue();
    one.add(1_210, 20);
    assertThat(one.commitDue(1_250)).as("the old one is committed").isTrue();
  }
}
