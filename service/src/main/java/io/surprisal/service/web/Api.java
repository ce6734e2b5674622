package io.surprisal.service.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.service.cli.Json;
import java.io.IOException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What pages ask for, and what they have done, by address. Thread-safe. */
final class Api {
  private static final Pattern ALERT = Pattern.compile("/api/alerts/([0-9a-f]{32})");
  private static final Pattern REVIEW = Pattern.compile("/api/alerts/([0-9a-f]{32})/review");
  private static final Pattern RELEASE =
      Pattern.compile("/api/releases/([0-9a-f]{64})(/samples|/samples\\.png|)");
  private static final Pattern PICTURE = Pattern.compile("/api/pictures/(\\d{1,9})/(\\d{1,18})");

  private final Looks looks;
  private final Changes changes;
  private final Samples samples;

  /**
   * @param samples stays the caller's
   */
  Api(Looks looks, Changes changes, Samples samples) {
    this.looks = looks;
    this.changes = changes;
    this.samples = samples;
  }

  /**
   * Answers a question.
   *
   * @throws RefusedException if it cannot be answered
   */
  Answer look(String path, Query query) throws InterruptedException {
    return switch (path) {
      case "/api/now" -> Answer.json(looks.now());
      case "/api/alerts" -> Answer.json(looks.feed().alerts(AlertFilter.of(query)));
      case "/api/feed" -> Answer.json(looks.feed().rows(AlertFilter.of(query)));
      case "/api/source" ->
          Answer.json(
              looks.source(
                  query
                      .text("name")
                      .orElseThrow(() -> new RefusedException(400, "name which source: ?name="))));
      case "/api/releases" -> Answer.json(looks.releases());
      case "/api/trainer" -> Answer.json(looks.trainer(query.text("command")));
      default -> one(path, query);
    };
  }

  private Answer one(String path, Query query) throws InterruptedException {
    Matcher alert = ALERT.matcher(path);
    if (alert.matches()) {
      return Answer.json(looks.alert(alert.group(1)));
    }
    Matcher release = RELEASE.matcher(path);
    if (release.matches()) {
      String id = release.group(1);
      return switch (release.group(2)) {
        case "/samples" -> Answer.json(samples.state(id));
        case "/samples.png" -> Answer.png(samples.png(id));
        default -> Answer.json(looks.release(id));
      };
    }
    Matcher picture = PICTURE.matcher(path);
    if (picture.matches()) {
      return Answer.png(
          looks.picture(
              new Place(Integer.parseInt(picture.group(1)), Long.parseLong(picture.group(2))),
              query.text("size").orElse("small").equals("large")));
    }
    throw new RefusedException(404, "there is nothing at this address");
  }

  /**
   * Does what is asked for.
   *
   * @throws RefusedException if it cannot be done
   */
  Answer change(String path, JsonNode wish) throws InterruptedException {
    Matcher review = REVIEW.matcher(path);
    if (review.matches()) {
      return Answer.json(changes.review(review.group(1), wish));
    }
    Matcher release = RELEASE.matcher(path);
    if (release.matches() && release.group(2).equals("/samples")) {
      return Answer.json(samples.draw(release.group(1)));
    }
    if (path.equals("/api/samples/stop")) {
      samples.cancel();
      return Answer.json(Map.of());
    }
    if (path.equals("/api/reviews")) {
      return Answer.json(changes.reviews(wish));
    }
    if (path.equals("/api/commands")) {
      return Answer.json(changes.command(wish));
    }
    throw new RefusedException(404, "there is nothing at this address");
  }

  /**
   * An object of JSON.
   *
   * @throws RefusedException if it is none
   */
  static JsonNode parsed(byte[] body) {
    try {
      JsonNode node = Json.MAPPER.readTree(body);
      if (node != null && node.isObject()) {
        return node;
      }
    } catch (IOException e) {
      throw new RefusedException(400, "the request is no JSON");
    }
    throw new RefusedException(400, "the request is no object of JSON");
  }

  /**
   * A text of a request; empty where it is not given.
   *
   * @param most characters
   * @throws RefusedException if it is no text, or longer
   */
  static String text(JsonNode wish, String name, int most) {
    JsonNode value = wish.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    if (!value.isTextual() || value.textValue().length() > most) {
      throw new RefusedException(400, name + " must be a text of at most " + most + " characters");
    }
    return value.textValue();
  }
}
