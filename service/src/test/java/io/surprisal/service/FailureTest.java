package io.surprisal.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;

class FailureTest {
  /** Of a failed commit the last cause alone says why. */
  @Test
  void shouldTellWhatEveryCauseSays() {
    Throwable failure =
        new ExecutionException(
            new StreamsException(
                "Error encountered trying to commit a transaction [stream-thread]",
                new TimeoutException("no answer within 60000 ms")));

    assertThat(Failure.story(failure))
        .isEqualTo(
            "Error encountered trying to commit a transaction [stream-thread]: no answer within"
                + " 60000 ms");
  }

  @Test
  void shouldTellNothingTwiceAndLeaveStackTracesOut() {
    Throwable failure =
        new StreamsException(
            "taskId=0_1, partition=2, stacktrace=java.lang.IllegalStateException: gone\n\tat x.Y",
            new IllegalStateException(
                "the device is gone", new IllegalStateException("the device is gone")));

    assertThat(Failure.story(failure)).isEqualTo("taskId=0_1, partition=2: the device is gone");
    assertThat(Failure.story(new IllegalStateException())).isEqualTo("IllegalStateException");
  }
}
