package io.surprisal.service.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.options.ReviewTrust;
import io.surprisal.service.steer.CommandSender;
import io.surprisal.service.steer.ReviewSender;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/** What people do from a page: reviews and commands, sent as the shell sends them. */
final class Changes {
  private static final Pattern RELEASE_ID = Pattern.compile("[0-9a-f]{64}");
  private static final int LONGEST_REASON = 1000;

  /** As many as a page lists. */
  private static final int MOST_REVIEWS = 200;

  private static final double MOST_MINUTES = 60 * 24 * 7;

  private static final Set<CommandType> COMMANDS =
      Set.of(
          CommandType.RETRAIN,
          CommandType.PROMOTE,
          CommandType.ROLLBACK,
          CommandType.CANARY,
          CommandType.CANCEL,
          CommandType.PAUSE,
          CommandType.RESUME);

  private final View view;
  private final ReviewSender reviews;
  private final CommandSender commands;
  private final String usualName;
  private final InstantSource clock;

  /**
   * @param usualName of the person, where a page names none
   */
  Changes(
      View view,
      ReviewSender reviews,
      CommandSender commands,
      String usualName,
      InstantSource clock) {
    this.view = view;
    this.reviews = reviews;
    this.commands = commands;
    this.usualName = usualName;
    this.clock = clock;
  }

  /**
   * Says of an alert what it is worth.
   *
   * @return the review, and the one that it replaces
   */
  Map<String, Object> review(String alertId, JsonNode wish) throws InterruptedException {
    View.Reviewed alert =
        view.alert(alertId)
            .orElseThrow(
                () ->
                    new RefusedException(
                        404,
                        "the alert is not among the latest any more; 'surprisal review "
                            + alertId
                            + "' still knows it"));
    AlertReview review = review(alert, wish);
    try {
      reviews.send(review);
    } catch (KafkaException e) {
      throw unsent("review", e);
    }
    Map<String, Object> answer = new HashMap<>();
    answer.put("review", AvroFields.of(review));
    answer.put("before", alert.review().map(AvroFields::of));
    return answer;
  }

  private AlertReview review(View.Reviewed alert, JsonNode wish) {
    return ReviewSender.of(alert.seen().alert())
        .setVerdict(verdict(Api.text(wish, "verdict", 20)))
        .setReviewedBy(name(wish, ReviewSender.LONGEST_NAME))
        .setReviewedAt(ReviewSender.timeAfter(alert.review(), clock.instant()))
        .setNote(Api.text(wish, "note", ReviewSender.LONGEST_NOTE))
        .build();
  }

  /**
   * Says of several alerts what they are worth, of each as if it were alone. The wish names them,
   * and what was said of them so far ({@code instead}; nothing: none was reviewed): where something
   * else holds meanwhile, it stays.
   *
   * @return ids of those that the review is of now
   */
  Map<String, Object> reviews(JsonNode wish) throws InterruptedException {
    String before = Api.text(wish, "instead", 20);
    Optional<ReviewVerdict> instead =
        before.isEmpty() ? Optional.empty() : Optional.of(verdict(before));
    List<String> reviewed = new ArrayList<>();
    for (String alertId : alertIds(wish)) {
      Optional<View.Reviewed> alert =
          view.alert(alertId)
              .filter(known -> known.review().map(AlertReview::getVerdict).equals(instead));
      if (alert.isPresent()) {
        AlertReview review = review(alert.get(), wish);
        try {
          reviews.send(review);
        } catch (KafkaException e) {
          throw unsent("review after " + reviewed.size(), e);
        }
        // Whoever takes it back at once is to find it, before it is read again. It is the last one.
        view.tell(() -> view.review(review, ReviewTrust.ANYBODY));
        reviewed.add(alertId);
      }
    }
    return Map.of("reviewed", reviewed);
  }

  private static List<String> alertIds(JsonNode wish) {
    JsonNode ids = wish.path("alertIds");
    List<String> all = new ArrayList<>();
    ids.forEach(id -> all.add(id.asText()));
    if (!ids.isArray() || all.size() > MOST_REVIEWS) {
      throw new RefusedException(400, "alertIds must be a list of at most " + MOST_REVIEWS);
    }
    return all;
  }

  private static ReviewVerdict verdict(String word) {
    return switch (word) {
      case "CONFIRMED" -> ReviewVerdict.CONFIRMED;
      case "FALSE_ALARM" -> ReviewVerdict.FALSE_ALARM;
      case "UNSURE" -> ReviewVerdict.UNSURE;
      default ->
          throw new RefusedException(400, "verdict must be CONFIRMED, FALSE_ALARM or UNSURE");
    };
  }

  private String name(JsonNode wish, int most) {
    return Optional.of(Api.text(wish, "by", most)).filter(by -> !by.isBlank()).orElse(usualName);
  }

  /**
   * Sends a command; the trainer answers on its topic.
   *
   * @return its id
   */
  Map<String, Object> command(JsonNode wish) throws InterruptedException {
    String word = Api.text(wish, "type", 20);
    CommandType type =
        COMMANDS.stream()
            .filter(known -> known.name().equals(word))
            .findAny()
            .orElseThrow(() -> new RefusedException(400, "type must be one of " + COMMANDS));
    boolean namesRelease = type == CommandType.PROMOTE || type == CommandType.CANARY;
    String release = Api.text(wish, "releaseId", 64);
    if (namesRelease && !RELEASE_ID.matcher(release).matches()) {
      throw new RefusedException(400, "releaseId must be 64 lower-case hexadecimal digits");
    }
    ControlCommand command =
        ControlCommand.newBuilder()
            .setCommandId(UUID.randomUUID().toString())
            .setType(type)
            .setReleaseId(namesRelease ? release : null)
            .setMinutes(type == CommandType.RETRAIN ? minutes(wish) : null)
            .setIncludeAlerted(wish.path("includeAlerted").asBoolean(false))
            .setFromScratch(wish.path("fromScratch").asBoolean(false))
            .setReason(Api.text(wish, "reason", LONGEST_REASON))
            .setRequestedBy(name(wish, ReviewSender.LONGEST_NAME))
            .setRequestedAt(clock.instant().truncatedTo(ChronoUnit.MILLIS))
            .build();
    try {
      commands.send(command);
    } catch (KafkaException e) {
      throw unsent("command", e);
    }
    return Map.of("commandId", command.getCommandId());
  }

  private static @Nullable Double minutes(JsonNode wish) {
    JsonNode minutes = wish.path("minutes");
    if (minutes.isMissingNode() || minutes.isNull()) {
      return null;
    }
    if (!minutes.isNumber() || !(minutes.asDouble() > 0) || minutes.asDouble() > MOST_MINUTES) {
      throw new RefusedException(400, "minutes must be above 0, and at most a week");
    }
    return minutes.asDouble();
  }

  private static RefusedException unsent(String what, KafkaException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return new RefusedException(
        503, "the " + what + " could not be sent: " + cause.getMessage() + "; try again");
  }
}
