package io.surprisal.schemas;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * HTTP to a schema registry, of one or more addresses: an answer within a bounded time and of a
 * bounded size, or an exception that says what to do. What fails is tried again, at the next
 * address and after a pause that doubles. Thread-safe.
 */
final class RegistryClient {
  /** A contract has some kilobytes. */
  private static final int MOST_BYTES = 1 << 20;

  private static final Duration CONNECT = Duration.ofSeconds(3);
  private static final Duration REQUEST = Duration.ofSeconds(5);
  private static final int TRIES = 4;
  private static final long FIRST_PAUSE_MILLIS = 200;
  private static final String TYPE = "application/vnd.schemaregistry.v1+json";

  private final List<URI> addresses;
  private final Optional<String> userInfo;
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT).build();

  /** The status and what came with it. */
  record Answer(int status, String body) {}

  /**
   * @param userInfo {@code USER:PASSWORD}, of addresses that have none
   */
  RegistryClient(List<URI> addresses, Optional<String> userInfo) {
    this.addresses = addresses;
    this.userInfo = userInfo;
  }

  Answer get(String path) {
    return send(path, Optional.empty());
  }

  Answer post(String path, String json) {
    return send(path, Optional.of(json));
  }

  private Answer send(String path, Optional<String> json) {
    String trouble = "";
    Exception last = null;
    for (int attempt = 0; attempt < TRIES; attempt++) {
      try {
        if (attempt > 0) {
          TimeUnit.MILLISECONDS.sleep(FIRST_PAUSE_MILLIS << attempt);
        }
        Answer answer = send(addresses.get(attempt % addresses.size()), path, json);
        if (answer.status() < 500 && answer.status() != 429) {
          return answer;
        }
        trouble = "it answers with status " + answer.status();
      } catch (IOException e) {
        trouble = e.getClass().getSimpleName() + told(e);
        last = e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SchemaRegistryException("interrupted while the schema registry was asked", e);
      }
    }
    throw new SchemaRegistryException(
        "the schema registry at %s does not answer (%s); start it, or correct %s"
            .formatted(this, trouble, SchemaRegistry.URL),
        last);
  }

  private static String told(IOException e) {
    return e.getMessage() == null ? "" : ": " + oneLine(e.getMessage());
  }

  private Answer send(URI address, String path, Optional<String> json)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(withoutUser(address) + path))
            .timeout(REQUEST)
            .header("Accept", TYPE + ", application/json");
    Optional.ofNullable(address.getUserInfo())
        .or(() -> userInfo)
        .ifPresent(
            user ->
                request.header(
                    "Authorization",
                    "Basic "
                        + Base64.getEncoder()
                            .encodeToString(user.getBytes(StandardCharsets.UTF_8))));
    if (json.isPresent()) {
      request.header("Content-Type", TYPE).POST(HttpRequest.BodyPublishers.ofString(json.get()));
    }
    HttpResponse<InputStream> response =
        http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      byte[] bytes = body.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw new IOException("an answer of more than " + MOST_BYTES + " bytes");
      }
      return new Answer(response.statusCode(), new String(bytes, StandardCharsets.UTF_8));
    }
  }

  private static String withoutUser(URI address) {
    String user = address.getRawUserInfo();
    return user == null ? address.toString() : address.toString().replace(user + "@", "");
  }

  /** That it did not do what was asked. */
  SchemaRegistryException refused(String what, Answer answer) {
    String remedy =
        switch (answer.status()) {
          case 401 ->
              "give it a user that it knows in " + SchemaRegistry.USER_INFO + ", as USER:PASSWORD";
          case 403 -> "grant its user that";
          default -> "is " + SchemaRegistry.URL + " that of a schema registry?";
        };
    return new SchemaRegistryException(
        "the schema registry at %s does not %s (status %d); %s"
            .formatted(this, what, answer.status(), remedy),
        null);
  }

  /** At most 200 characters, without control characters. */
  static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}+", " ");
    return line.length() <= 200 ? line : line.substring(0, 200) + "…";
  }

  /** Its addresses, without users and passwords. */
  @Override
  public String toString() {
    return String.join(",", addresses.stream().map(RegistryClient::withoutUser).toList());
  }
}
