package io.surprisal.service.cli;

import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** What a user gets to hear where a broker lets nobody in, or lets do nothing. */
final class Refusals {
  private static final String RIGHTS = "; docs/security.md lists the rights that each role needs";

  private static final String ANOTHER_TIME =
      "; this machine's clock is ahead of the broker's by more than topics allow"
          + " (message.timestamp.after.max.ms); set the wrong one right, and start again: what was"
          + " committed is kept";

  private Refusals() {}

  /** One line for an exception, or for what caused it; empty where it is none of these. */
  static Optional<String> of(Throwable thrown) {
    boolean ofKafka = causes(thrown).anyMatch(KafkaException.class::isInstance);
    if (ofKafka && causes(thrown).anyMatch(SSLException.class::isInstance)) {
      return Optional.of(tls(thrown));
    }
    return causes(thrown)
        .filter(cause -> cause instanceof ApiException)
        .flatMap(cause -> refusal(cause).stream())
        .findFirst()
        .map(words -> "the broker refuses: " + words);
  }

  private static Optional<String> refusal(Throwable cause) {
    if (cause instanceof SaslAuthenticationException) {
      return Optional.of(
          words(cause) + "; give it a user that it knows, with the password, in sasl.jaas.config");
    }
    if (cause instanceof AuthenticationException) {
      return Optional.of(words(cause));
    }
    if (cause instanceof InvalidTimestampException) {
      return Optional.of(words(cause) + ANOTHER_TIME);
    }
    return cause instanceof AuthorizationException
        ? Optional.of(words(cause) + what(cause) + RIGHTS)
        : Optional.empty();
  }

  private static String what(Throwable cause) {
    if (cause instanceof TopicAuthorizationException topics
        && !topics.unauthorizedTopics().isEmpty()
        && topics.unauthorizedTopics().stream().noneMatch(topic -> contains(cause, topic))) {
      return " (" + String.join(", ", topics.unauthorizedTopics()) + ")";
    }
    return cause instanceof GroupAuthorizationException group
            && group.groupId() != null
            && !contains(cause, group.groupId())
        ? " (" + group.groupId() + ")"
        : "";
  }

  private static String words(Throwable cause) {
    String message = cause.getMessage();
    return message == null || message.isBlank()
        ? cause.getClass().getSimpleName()
        : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static boolean contains(Throwable cause, String name) {
    return String.valueOf(cause.getMessage()).contains(name);
  }

  private static String tls(Throwable cause) {
    if (causes(cause).anyMatch(CertificateExpiredException.class::isInstance)) {
      return "the broker's certificate has expired; renew it there, or set this machine's clock if"
          + " it is wrong";
    }
    if (causes(cause).anyMatch(CertificateNotYetValidException.class::isInstance)) {
      return "the broker's certificate does not hold yet; set this machine's clock, or the"
          + " broker's";
    }
    if (causes(cause).anyMatch(CertPathValidatorException.class::isInstance)
        || causes(cause)
            .anyMatch(e -> String.valueOf(e.getMessage()).contains("certification path"))) {
      return "the broker's certificate is signed by nobody whom this machine trusts; name the"
          + " authority's in ssl.truststore.location or ssl.truststore.certificates";
    }
    if (causes(cause).anyMatch(CertificateException.class::isInstance)) {
      return "the broker's certificate is not of the name that it was called by ("
          + last(cause)
          + "); name it in --bootstrap-server as in the certificate";
    }
    return "no TLS with the broker ("
        + last(cause)
        + "); does security.protocol fit the port that --bootstrap-server names, and does the"
        + " broker ask for a certificate (ssl.keystore.location)?";
  }

  private static String last(Throwable thrown) {
    return words(causes(thrown).reduce((one, next) -> next).orElse(thrown));
  }

  private static Stream<Throwable> causes(Throwable thrown) {
    return Stream.iterate(thrown, cause -> cause != null, Throwable::getCause);
  }
}
