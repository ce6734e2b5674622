package io.surprisal.service.steer;

import io.surprisal.schemas.AlertReview;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.CommandType;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.service.cli.Invocation;
import io.surprisal.service.cli.MissingDependencyException;
import io.surprisal.service.cli.Usage;
import io.surprisal.service.options.CountedReviews;
import io.surprisal.service.options.HeldRecords;
import io.surprisal.service.options.ReviewTrustOption;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sets the alert rate of all scorers, as it is told or as reviews show it. */
@Command(
    name = "alert-rate",
    description =
        "Set the share of normal images that all scorers alert on, as told or as reviews show it.",
    footer = {
      "",
      "--aim needs 20 alerts of the present rate that 'surprisal review' confirmed or called false"
          + " alarms. It takes the highest rate at which so many of them were right, and raises a"
          + " rate to its double at most. Review what comes, not what is easy: alerts that were"
          + " picked for review say nothing of the others."
    })
final class AlertRateCommand implements Callable<Integer> {
  private static final RecordFormat<AnomalyAlert> ALERTS = RecordFormat.of(AnomalyAlert.class);

  private final Invocation invocation;
  @Spec private CommandSpec spec;
  @Mixin private final Steering steering;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Wish wish;

  private static final class Wish {
    @Parameters(paramLabel = "RATE", description = "In (0, 1), for example 0.01.")
    private @Nullable Double rate;

    @Option(
        names = "--aim",
        paramLabel = "SHARE",
        description = "Of the alerts, in (0, 1), that is to be right; the rate follows.")
    private @Nullable Double share;
  }

  @Option(names = "--dry-run", description = "With --aim: only say which rate it would be.")
  private boolean dryRun;

  @Mixin private final ReviewTrustOption trust = new ReviewTrustOption();

  AlertRateCommand(Invocation invocation) {
    this.invocation = invocation;
    this.steering = new Steering(invocation);
  }

  @Override
  public Integer call() throws Exception {
    if (wish.share == null) {
      Usage.require(spec, !dryRun, "--dry-run is of --aim; RATE is what it is");
      return send(Objects.requireNonNull(wish.rate), "");
    }
    double share = wish.share;
    Usage.require(spec, share > 0 && share < 1, "--aim is " + share + ", must be within (0, 1)");
    Optional<AimedRate.Aim> aimed = aim(share);
    if (aimed.isEmpty()) {
      return 0; // stopped by its user before all was read
    }
    AimedRate.Aim aim = aimed.get();
    String why =
        String.format(
            Locale.ROOT,
            "to be right in %.0f %%: of the alerts at rate %s, %d of %d reviewed ones are",
            100 * share,
            rounded(Math.min(aim.rate(), aim.present())),
            aim.right(),
            aim.reviewed());
    return dryRun ? say(aim, why) : send(aim.rate(), why);
  }

  /**
   * @param why taken where the user gives no reason
   */
  private int send(double rate, String why) throws Exception {
    ControlCommand.Builder command =
        steering.command(CommandType.SET_ALERT_RATE).setAlertRate(rate);
    if (command.getReason().isEmpty()) {
      command.setReason(why);
    }
    return steering.send(command.build());
  }

  private int say(AimedRate.Aim aim, String why) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("alertRate", aim.rate());
    fields.put("present", aim.present());
    fields.put("right", aim.right());
    fields.put("reviewed", aim.reviewed());
    fields.put("why", why);
    steering.output().printLine(fields, "alert rate " + rounded(aim.rate()) + ", " + why);
    return 0;
  }

  /**
   * What the reviews say; empty after Ctrl-C.
   *
   * @throws MissingDependencyException if they are too few, or no rate does it
   */
  private Optional<AimedRate.Aim> aim(double share) throws IOException, InterruptedException {
    HeldRecords held = new HeldRecords(invocation, steering.kafka());
    CountedReviews counted = held.reviews(trust.of(steering.kafka()));
    Map<String, AlertReview> reviews = counted.byAlert();
    List<AimedRate.Judged> judged = new ArrayList<>();
    AnomalyAlert[] newest = new AnomalyAlert[1];
    held.read(
        steering.kafka().topics().alerts(),
        ALERTS,
        alert -> {
          if (newest[0] == null || !alert.getEventTime().isBefore(newest[0].getEventTime())) {
            newest[0] = alert;
          }
          AimedRate.collect(alert, reviews, judged);
          return true;
        });
    if (invocation.stop().requested()) {
      return Optional.empty();
    }
    AimedRate reviewed = AimedRate.of(newest[0] == null ? 1 : newest[0].getAlertRate(), judged);
    if (reviewed.reviewed() < AimedRate.FEWEST) {
      throw new MissingDependencyException(
          "%d alerts of the present rate are reviewed, it takes %d; 'surprisal alerts --unreviewed' lists more, 'surprisal review' takes what you say of them%s"
              .formatted(
                  reviewed.reviewed(),
                  AimedRate.FEWEST,
                  counted.others() == 0 ? "" : "; " + counted.aboutOthers()));
    }
    Optional<AimedRate.Aim> found = reviewed.at(share);
    if (found.isEmpty()) {
      throw new MissingDependencyException(
          String.format(
              Locale.ROOT,
              "no alert rate with %d reviewed alerts was right in %.0f %%, the best in %.0f %%; what was called a false alarm is learned by 'surprisal retrain'",
              AimedRate.FEWEST,
              100 * share,
              100 * reviewed.best().orElse(0)));
    }
    return found;
  }

  private static String rounded(double rate) {
    return String.format(Locale.ROOT, "%.3g", rate);
  }
}
