package io.surprisal.service.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * An address that takes JSON by POST. Each message has an {@code Idempotency-Key}, so that the
 * receiver can tell a repeated one, and, where there is a secret, {@code Surprisal-Signature:
 * t=SECONDS,v1=HEX}: the HMAC-SHA256 of {@code SECONDS.BODY}, so that it can tell ours from others
 * and old from new.
 */
final class Webhook {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int REQUEST_TIMEOUT = 408;
  private static final int TOO_EARLY = 425;
  private static final int TOO_MANY = 429;

  private final URI address;
  private final Optional<byte[]> secret;
  private final InstantSource clock;

  /** Follows no redirection: what was confided to one address goes to no other. */
  private final HttpClient http =
      HttpClient.newBuilder()
          .connectTimeout(PATIENCE)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  /** What came of a message. */
  sealed interface Outcome {}

  /** The receiver has it. */
  record Delivered() implements Outcome {}

  /** The receiver will never take it. */
  record Refused(String why) implements Outcome {}

  /** It may take it later. */
  record Later(String why) implements Outcome {}

  Webhook(URI address, Optional<String> secret, InstantSource clock) {
    this.address = address;
    this.secret = secret.map(text -> text.getBytes(UTF_8));
    this.clock = clock;
  }

  /**
   * Sends a message once.
   *
   * @param key the same whenever the same message is sent
   */
  Outcome post(String key, byte[] body) throws InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .timeout(PATIENCE)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    secret.ifPresent(with -> request.header("Surprisal-Signature", signature(with, body)));
    try {
      int status = http.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
      if (status >= 200 && status < 300) {
        return new Delivered();
      }
      String why = "it answers " + status;
      return status >= 500 || status == REQUEST_TIMEOUT || status == TOO_EARLY || status == TOO_MANY
          ? new Later(why)
          : new Refused(why);
    } catch (IOException e) {
      return new Later(String.valueOf(e.getMessage() == null ? e : e.getMessage()));
    }
  }

  private String signature(byte[] key, byte[] body) {
    long seconds = clock.millis() / 1000;
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update((seconds + ".").getBytes(UTF_8));
      return "t=" + seconds + ",v1=" + HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java lacks HmacSHA256", e);
    }
  }
}
