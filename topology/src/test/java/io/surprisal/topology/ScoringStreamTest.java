package io.surprisal.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.model.batching.DeviceFailedException;
import io.surprisal.topology.kafka.ImagesLostException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.protocol.Errors;
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

  /** What a producer fails with, in Kafka 4.3, names neither topic nor right. */
  @Test
  void shouldNameTheTopicWhoseOffsetsMayNotBeCommitted() {
    Throwable refused =
        new StreamsException(
            "Error encountered trying to add offsets to a transaction",
            new KafkaException(
                "Unexpected error in TxnOffsetCommitResponse: "
                    + Errors.TOPIC_AUTHORIZATION_FAILED.message()));
    Throwable other = new StreamsException("a bug");

    assertThat(ScoringStream.isTransient(refused)).isFalse();
    assertThat(ScoringStream.told(refused, "surprisal.images"))
        .isInstanceOf(TopicAuthorizationException.class)
        .hasMessageContaining("surprisal.images");
    assertThat(ScoringStream.told(other, "surprisal.images")).isSameAs(other);
  }
}
