package io.surprisal.service.steer;

import io.surprisal.handover.Ed25519;
import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.ReviewVerdict;
import io.surprisal.service.cli.AvroFields;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.Output;
import io.surprisal.service.cli.Printable;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.CountedReviews;
import io.surprisal.service.options.HeldRecords;
import io.surprisal.service.options.KafkaOptions;
import io.surprisal.service.options.ReviewTrustOption;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what alerts are worth, or sums up what was said. */
@Command(
    name = "review",
    description = "Say whether alerts are right, for the trainer to heed; or sum up what was said.",
    footer = {
      "",
      "What is confirmed never trains and never calibrates a release; a false alarm does, as if its"
          + " image had raised no alert. A later review of the same alert takes the place of the"
          + " earlier one; --unsure takes it back. 'surprisal alerts --unreviewed' lists what is to"
          + " be reviewed."
    })
final class ReviewCommand implements Callable<Integer> {
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);
  private static final Pattern ALERT_ID = Pattern.compile("[0-9a-f]{32}");

  private static final Duration FOR_EVER = ChronoUnit.FOREVER.getDuration();

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final KafkaOptions kafka;
  @Mixin private final Output output;

  @Parameters(
      arity = "0..*",
      paramLabel = "ALERT-ID",
      description = "Alerts, as 'surprisal alerts' names them.")
  private List<String> alertIds = new ArrayList<>();

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Task task;

  private static final class Task {
    @Option(names = "--confirm", description = "The images are anomalies.")
    private boolean confirm;

    @Option(names = "--false-alarm", description = "The images are normal.")
    private boolean falseAlarm;

    @Option(names = "--unsure", description = "Neither; takes back what was said before.")
    private boolean unsure;

    @SuppressWarnings("UnusedVariable") // what is none of the others is --summary
    @Option(
        names = "--summary",
        description =
            "Print how many alerts were confirmed and how many were false, by source and by reason.")
    private boolean summary;

    Optional<ReviewVerdict> verdict() {
      if (confirm) {
        return Optional.of(ReviewVerdict.CONFIRMED);
      }
      if (falseAlarm) {
        return Optional.of(ReviewVerdict.FALSE_ALARM);
      }
      return unsure ? Optional.of(ReviewVerdict.UNSURE) : Optional.empty();
    }
  }

  @Option(
      names = "--note",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Why, for those who read it later; at most 1000 characters.")
  private String note;

  @Option(
      names = "--by",
      paramLabel = "NAME",
      description = "Who says so, as a claim; at most 256 characters (default: the user's name).")
  private String by = System.getProperty("user.name", "");

  @Option(
      names = "--sign-with",
      paramLabel = "FILE",
      description = "Private key (Ed25519, PEM) that the reviews are signed with.")
  private Optional<Path> signingKey = Optional.empty();

  @Mixin private final ReviewTrustOption trust = new ReviewTrustOption();

  ReviewCommand(Invocation invocation) {
    this.invocation = invocation;
    this.kafka = new KafkaOptions(invocation);
    this.output = new Output(invocation);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Optional<ReviewVerdict> verdict = task.verdict();
    requireGoodWords(verdict.isEmpty());
    HeldRecords held = new HeldRecords(invocation, kafka);
    CountedReviews reviews = held.reviews(trust.of(kafka));
    Map<String, AlertReview> before = reviews.byAlert();
    if (verdict.isEmpty()) {
      if (!invocation.stop().requested()) {
        ReviewSummary.of(reviews).print(output);
      }
      return 0;
    }
    Optional<CommandSender.Signing> signing = Optional.empty();
    if (signingKey.isPresent()) {
      PrivateKey key = Ed25519.privateKey(signingKey.get());
      signing = Optional.of(new CommandSender.Signing(key, kafka.clusterId(), FOR_EVER));
    }
    Set<String> wanted = new LinkedHashSet<>(alertIds);
    Map<String, AlertReview.Builder> found = facts(wanted, before, held);
    if (invocation.stop().requested()) {
      return 0; // not all was read, and nothing is said yet
    }
    requireAll(wanted, found.keySet());
    send(
        wanted.stream()
            .map(
                id ->
                    Objects.requireNonNull(found.get(id))
                        .setVerdict(verdict.get())
                        .setReviewedBy(by)
                        .setReviewedAt(
                            ReviewSender.timeAfter(
                                Optional.ofNullable(before.get(id)), Instant.now()))
                        .setNote(note)
                        .build())
            .toList(),
        before,
        signing);
    return 0;
  }

  private void requireGoodWords(boolean summary) {
    Usage.require(
        spec,
        summary == alertIds.isEmpty(),
        summary
            ? "--summary is of all reviews and takes no ALERT-ID"
            : "name the alerts, as 'surprisal alerts --unreviewed' lists them");
    for (String id : alertIds) {
      Usage.require(
          spec,
          ALERT_ID.matcher(id).matches(),
          "ALERT-ID is "
              + Printable.text(id.substring(0, Math.min(id.length(), 100)))
              + ", must be 32 lower-case hexadecimal digits, as 'surprisal alerts' prints them");
    }
    Usage.require(
        spec,
        note.length() <= ReviewSender.LONGEST_NOTE,
        "--note has %d characters, must have at most %d"
            .formatted(note.length(), ReviewSender.LONGEST_NOTE));
    Usage.require(
        spec,
        by.length() <= ReviewSender.LONGEST_NAME,
        "--by has %d characters, must have at most %d"
            .formatted(by.length(), ReviewSender.LONGEST_NAME));
  }

  /**
   * What is known of alerts, from them or, where they are gone, from what was said of them before;
   * but nothing that anybody may have written is signed.
   */
  private Map<String, AlertReview.Builder> facts(
      Set<String> wanted, Map<String, AlertReview> before, HeldRecords held)
      throws InterruptedException {
    Map<String, AlertReview.Builder> found = new HashMap<>();
    held.read(
        kafka.topics().alerts(),
        ALERTS,
        alert -> {
          if (wanted.contains(alert.getAlertId())) {
            found.put(alert.getAlertId(), ReviewSender.of(alert));
          }
          return found.size() < wanted.size();
        });
    for (String id : wanted) {
      AlertReview earlier = before.get(id);
      if (earlier != null && signingKey.isEmpty()) {
        found.putIfAbsent(id, factsOf(earlier));
      }
    }
    return found;
  }

  private static AlertReview.Builder factsOf(AlertReview earlier) {
    return AlertReview.newBuilder()
        .setAlertId(earlier.getAlertId())
        .setImageId(earlier.getImageId())
        .setSource(earlier.getSource())
        .setReleaseId(earlier.getReleaseId())
        .setReasons(earlier.getReasons())
        .setLocation(earlier.getLocation());
  }

  private void requireAll(Set<String> wanted, Set<String> found) {
    List<String> unknown = wanted.stream().filter(id -> !found.contains(id)).toList();
    if (!unknown.isEmpty()) {
      throw new MissingDependencyException(
          "there is no alert %s in %s, so nothing is reviewed; list those that there are with 'surprisal alerts --unreviewed' (alerts are kept for 30 days)"
              .formatted(String.join(", ", unknown), kafka.topics().alerts()));
    }
  }

  private void send(
      List<AlertReview> reviews,
      Map<String, AlertReview> before,
      Optional<CommandSender.Signing> signing)
      throws InterruptedException {
    try (KafkaProducer<byte[], byte[]> producer = kafka.producer(Map.of())) {
      ReviewSender sender = new ReviewSender(producer, kafka.topics(), signing);
      for (AlertReview review : reviews) {
        sender.send(review);
        print(review, before.get(review.getAlertId()));
      }
    }
  }

  private void print(AlertReview review, @Nullable AlertReview before) {
    Map<String, Object> fields = new LinkedHashMap<>(AvroFields.of(review));
    fields.put("replaces", before == null ? null : before.getVerdict().toString());
    output.printLine(
        fields,
        Printable.text(
            "%s  alert %s  %s  %s  %s%s"
                .formatted(
                    review.getVerdict(),
                    review.getAlertId(),
                    review.getReasons().stream()
                        .map(String::valueOf)
                        .collect(Collectors.joining(",")),
                    review.getSource(),
                    review.getImageId(),
                    before == null ? "" : "  in place of " + said(before))));
  }

  private static String said(AlertReview before) {
    return "%s by %s at %s"
        .formatted(
            before.getVerdict(),
            before.getReviewedBy().isEmpty() ? "somebody" : before.getReviewedBy(),
            before.getReviewedAt());
  }
}
