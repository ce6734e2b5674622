package io.surprisal.service.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.Set;
import javax.net.ssl.SSLHandshakeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;

class RefusalsTest {
  private static String handshake(Throwable cause) {
    SSLHandshakeException failed = new SSLHandshakeException("it failed");
    failed.initCause(cause);
    return Refusals.of(new SslAuthenticationException("SSL handshake failed", failed))
        .orElseThrow();
  }

  @Test
  void shouldSayWhatIsWrongWithACertificate() {
    assertThat(
            handshake(new CertPathValidatorException(null, new CertificateExpiredException("old"))))
        .contains("has expired");
    assertThat(handshake(new CertPathValidatorException("no anchor")))
        .contains("ssl.truststore.location");
    assertThat(handshake(new CertificateException("No name matching kafka found")))
        .contains("No name matching kafka found", "--bootstrap-server");
    assertThat(handshake(new java.io.EOFException("closed"))).contains("security.protocol");
  }

  @Test
  void shouldNameTheTopicsThatAUserMayNotUse() {
    assertThat(Refusals.of(new TopicAuthorizationException(Set.of("images"))).orElseThrow())
        .containsOnlyOnce("images")
        .contains("docs/security.md");
    assertThat(
            Refusals.of(
                new KafkaException(
                    "cannot send", new TopicAuthorizationException("no", Set.of("images")))))
        .hasValueSatisfying(words -> assertThat(words).contains("no (images)"));
    assertThat(Refusals.of(new SaslAuthenticationException("wrong")).orElseThrow())
        .contains("wrong", "sasl.jaas.config");
  }

  /** As Kafka Streams wraps it where a machine's clock is hours ahead. */
  @Test
  void shouldSayWhatToDoWhereTheClockIsAheadOfTheBrokers() {
    Throwable refused =
        new IllegalStateException(
            "the stream ended",
            new StreamsException(
                "Error encountered sending record",
                new InvalidTimestampException("rejected due to invalid timestamp")));
    assertThat(Failure.of(refused))
        .isEqualTo(
            new Failure(
                Failure.FAILED,
                "the broker refuses: rejected due to invalid timestamp; this machine's clock is"
                    + " ahead of the broker's by more than topics allow"
                    + " (message.timestamp.after.max.ms); set the wrong one right, and start"
                    + " again: what was committed is kept"));
  }

  /** Other machines than brokers have certificates too. */
  @Test
  void shouldSayNothingOfWhatIsNoneOfABroker() {
    assertThat(Refusals.of(new SSLHandshakeException("of a web server"))).isEmpty();
    assertThat(Refusals.of(new KafkaException("something else"))).isEmpty();
  }
}
