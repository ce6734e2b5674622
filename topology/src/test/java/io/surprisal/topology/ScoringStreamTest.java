package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.batching.DeviceFailedException;
import io.surprisal.topology.kafka.ImagesLostException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;

class ScoringStreamTest {

  @Test
  void shouldReplaceAThreadThatDiedOfATransientFault() {
    assertThat(ScoringStream.isTransient(new StreamsException(new TimeoutException("slow"))))
        .isTrue();
    assertThat(
            ScoringStream.isTransient(new StreamsException(new ProducerFencedException("again"))))
        .isTrue();
    assertThat(
            ScoringStream.isTransient(
                new StreamsException(new InvalidTxnStateException("aborted, not to be committed"))))
        .isTrue();
  }

  @Test
  void shouldStopOnAFaultThatStays() {
    assertThat(ScoringStream.isTransient(new StreamsException(new AuthorizationException("no"))))
        .isFalse();
    assertThat(ScoringStream.isTransient(new OutOfMemoryError("heap"))).isFalse();
    assertThat(ScoringStream.isTransient(new StreamsException(new NoClassDefFoundError("jar"))))
        .isFalse();
    assertThat(ScoringStream.isTransient(new IllegalStateException("a bug"))).isFalse();
    assertThat(
            ScoringStream.isTransient(
                new StreamsException(
                    new DeviceFailedException("dead", new TimeoutException("no answer")))))
        .isFalse();
    assertThat(ScoringStream.isTransient(new StreamsException(new ImagesLostException("gone"))))
        .isFalse();
  }
}
