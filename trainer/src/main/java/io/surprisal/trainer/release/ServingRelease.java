package io.surprisal.trainer.release;

import io.surprisal.handover.PublishedReleases;
import io.surprisal.handover.ReleaseStore;
import io.surprisal.model.detection.AlertRules;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.ControlCommand;
import io.surprisal.schemas.ReleaseAnnouncement;
import io.surprisal.schemas.ReleaseState;
import io.surprisal.schemas.TrainerEvent;
import io.surprisal.schemas.TrainerEventType;
import io.surprisal.trainer.cluster.ClusterSettings;
import io.surprisal.trainer.cluster.ClusterView;
import io.surprisal.trainer.cluster.CommandReader;
import io.surprisal.trainer.cluster.Statement;
import io.surprisal.trainer.cluster.Statements;
import java.io.IOException;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which release serves, and which is tried beside it: what the active trainer announces of them.
 * Owns the canary's follower of the statistics. Not thread-safe.
 */
public final class ServingRelease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServingRelease.class);

  /** No release. */
  private static final String NONE = "";

  private final ClusterSettings cluster;
  private final CanarySettings trial;
  private final GateSettings gate;
  private final ReleaseStore store;
  private final PublishedReleases releases;
  private final ClusterView view;
  private final Statements statements;
  private final InstantSource clock;
  private Optional<Canary> canary = Optional.empty();

  /**
   * Owns nothing of what it is given.
   *
   * @param trial of candidates that pass the gate
   */
  public ServingRelease(
      ClusterSettings cluster,
      CanarySettings trial,
      GateSettings gate,
      ReleaseStore store,
      PublishedReleases releases,
      ClusterView view,
      Statements statements,
      InstantSource clock) {
    this.cluster = cluster;
    this.trial = trial;
    this.gate = gate;
    this.store = store;
    this.releases = releases;
    this.view = view;
    this.statements = statements;
    this.clock = clock;
  }

  /** Whether a candidate that passes the gate is tried on live images before it serves. */
  public boolean triesCandidates() {
    return trial.share().isPresent() && view.active().isPresent();
  }

  /** Lets a candidate that has passed the gate serve, or tries it first. */
  public void introduce(ReleaseAnnouncement release, String reason, Statement said) {
    if (triesCandidates()) {
      tryOut(release, trial.shareOrDefault(), reason, said);
    } else {
      activate(release, reason, said);
    }
  }

  /** Says all announcements again as they hold, so that they are signed. */
  public void announceAnew() {
    Statement said = statements.begin();
    for (ReleaseAnnouncement release : view.announcements()) {
      said.announce(
          anew(release, release.getReason()).setShadowShare(release.getShadowShare()).build());
    }
    said.publish();
  }

  /** Deletes the oldest releases, but none that serves, served before, or is tried. */
  public void clearAway() {
    Set<String> kept = new HashSet<>();
    view.active().ifPresent(release -> kept.add(release.getReleaseId()));
    view.before().ifPresent(release -> kept.add(release.getReleaseId()));
    view.candidate().ifPresent(release -> kept.add(release.getReleaseId()));
    releases.retain(kept, view::release);
  }

  /** Carries out ROLLBACK. */
  public void rollBack(ControlCommand command, Statement said) {
    String id = command.getCommandId();
    Optional<ReleaseAnnouncement> before = view.before();
    if (before.isEmpty() || view.active().isEmpty()) {
      said.reject(id, "no release was active before the present one");
      return;
    }
    ReleaseAnnouncement release = before.get();
    Optional<String> objection = objection(release.getReleaseId());
    if (objection.isPresent()) {
      said.reject(id, objection.get());
      return;
    }
    serve(
        release,
        // so that the next rollback goes further back, as far as is known
        Objects.requireNonNullElse(release.getFollowsReleaseId(), NONE),
        "rolled back by " + CommandReader.by(command),
        said);
    said.done(id, "release " + release.getReleaseId() + " is active again");
  }

  /** Carries out SET_ALERT_RATE. */
  public void setAlertRate(ControlCommand command, Statement said) {
    String id = command.getCommandId();
    if (view.active().isEmpty()) {
      said.reject(id, "no release is active yet");
    } else {
      said.announce(
          anew(view.active().get(), "alert rate set by " + CommandReader.by(command))
              .setAlertRate(command.getAlertRate())
              .build());
      said.done(id, "the alert rate is " + command.getAlertRate());
    }
  }

  /** The share of images that the active release is to alert on. */
  public double alertRate() {
    return view.active()
        .map(ReleaseAnnouncement::getAlertRate)
        .filter(rate -> rate != null && rate > 0 && rate < 1)
        .orElse(gate.alertRate());
  }

  /** Carries out PROMOTE. */
  public void promote(ControlCommand command, Statement said) {
    String id = command.getCommandId();
    String wanted = command.getReleaseId();
    Optional<String> objection = objection(wanted);
    if (objection.isPresent()) {
      said.reject(id, objection.get());
    } else {
      activate(
          view.release(wanted).orElseThrow(), "promoted by " + CommandReader.by(command), said);
      said.done(id, "release " + wanted + " is active");
    }
  }

  /** Why a release can be neither promoted nor tried; empty where it can. */
  private Optional<String> objection(String wanted) {
    if (view.release(wanted).isEmpty()) {
      return Optional.of("release " + wanted + " was never announced");
    }
    if (view.active().map(a -> a.getReleaseId().equals(wanted)).orElse(false)) {
      return Optional.of("release " + wanted + " is active already");
    }
    try {
      releases.fetch(view.release(wanted).orElseThrow());
      store.load(wanted);
      return Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      return Optional.of("release " + wanted + " cannot be loaded: " + e.getMessage());
    }
  }

  /** Carries out CANARY. */
  public void tryOut(ControlCommand command, Statement said) {
    String id = command.getCommandId();
    Optional<String> objection =
        view.active().isEmpty()
            ? Optional.of("no release is active to try it beside; promote it")
            : view.candidate()
                .map(tried -> "release " + tried.getReleaseId() + " is tried; CANCEL ends that")
                .or(() -> objection(command.getReleaseId()));
    if (objection.isPresent()) {
      said.reject(id, objection.get());
    } else {
      double share = command.getShare() == null ? trial.shareOrDefault() : command.getShare();
      said.accept(id, "it is tried on a share of %s of the images".formatted(share));
      tryOut(
          view.release(command.getReleaseId()).orElseThrow(),
          share,
          CommandReader.by(command),
          said);
    }
  }

  /** Announces a candidate; scorers try it beside the active release. */
  private void tryOut(ReleaseAnnouncement release, double share, String reason, Statement said) {
    dropCandidate("release " + release.getReleaseId() + " is tried instead", said);
    said.announce(
        anew(release, reason).setState(ReleaseState.CANDIDATE).setShadowShare(share).build());
    said.event(
        canaryEvent(TrainerEventType.CANARY_STARTED, release)
            .setMessage("tried on a share of %s of the images: %s".formatted(share, reason)));
  }

  /** The candidate, if there is one, is one no more and does not serve. */
  public void dropCandidate(String reason, Statement said) {
    Optional<ReleaseAnnouncement> candidate = view.candidate();
    if (candidate.isEmpty()) {
      return;
    }
    boolean served =
        view.before().equals(candidate) || candidate.get().getFollowsReleaseId() != null;
    said.announce(
        anew(candidate.get(), reason)
            .setState(served ? ReleaseState.INACTIVE : ReleaseState.REFUSED)
            .build());
    said.event(canaryEvent(TrainerEventType.CANARY_REFUSED, candidate.get()).setMessage(reason));
    view.canary().ifPresent(command -> said.reject(command.getCommandId(), reason));
  }

  private TrainerEvent.Builder canaryEvent(TrainerEventType type, ReleaseAnnouncement candidate) {
    return statements
        .event(type)
        .setRunId(candidate.getRunId())
        .setReleaseId(candidate.getReleaseId())
        .setParentReleaseId(view.active().map(ReleaseAnnouncement::getReleaseId).orElse(null));
  }

  /** Brings the trial of the candidate on, or ends it. */
  public void watchCandidate() {
    Optional<ReleaseAnnouncement> candidate = view.candidate();
    String active = view.active().map(ReleaseAnnouncement::getReleaseId).orElse("");
    if (canary.isPresent() && !candidate.map(c -> canary.get().isOf(c, active)).orElse(false)) {
      canary.get().close();
      canary = Optional.empty();
    }
    if (candidate.isEmpty()) {
      return;
    }
    if (canary.isEmpty()) {
      long images = view.canary().map(ControlCommand::getImages).orElse(trial.images());
      canary =
          Optional.of(
              new Canary(
                  cluster,
                  candidate.get(),
                  active,
                  images,
                  trial.patience(),
                  gate.tolerance(),
                  thresholdVariance(active, candidate.get().getReleaseId())));
    }
    Optional<Canary.Verdict> verdict = canary.get().verdict(clock.instant());
    if (verdict.isEmpty()) {
      return;
    }
    Statement said = statements.begin();
    if (verdict.get().passed()) {
      String reason = "canary passed: " + verdict.get().message();
      ReleaseAnnouncement.Builder passed =
          anew(candidate.get(), reason)
              .setAlertRate(view.active().map(ReleaseAnnouncement::getAlertRate).orElse(null));
      activate(passed.build(), reason, said);
    } else {
      dropCandidate(verdict.get().message(), said);
    }
    said.publish();
  }

  /** See {@link PairedScores#worse}; 0 where it is not known. */
  private ToDoubleFunction<Map<String, Long>> thresholdVariance(String active, String candidate) {
    try {
      Optional<AlertRules> one = rules(store.load(active));
      Optional<AlertRules> other = rules(store.load(candidate));
      return images ->
          one.isPresent() && other.isPresent()
              ? PairedScores.thresholdVariance(one.get(), images)
                  + PairedScores.thresholdVariance(other.get(), images)
              : 0;
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn(
          "the thresholds of {} and {} are taken as exact: {}", active, candidate, e.getMessage());
      return images -> 0;
    }
  }

  private Optional<AlertRules> rules(Release release) {
    return release
        .calibration()
        .map(of -> AlertRules.of(release, of.evaluations(), of.precision(), alertRate()));
  }

  /** Lets a release serve instead of the active one. */
  public void activate(ReleaseAnnouncement release, String reason, Statement said) {
    String active = view.active().map(ReleaseAnnouncement::getReleaseId).orElse(NONE);
    String follows =
        active.equals(release.getReleaseId())
            ? Objects.requireNonNullElse(release.getFollowsReleaseId(), NONE)
            : active;
    serve(release, follows, reason, said);
  }

  /**
   * The active release steps back first, so that the last announcement is the active one.
   *
   * @param follows what a rollback returns to; {@link #NONE} for nothing
   */
  private void serve(ReleaseAnnouncement release, String follows, String reason, Statement said) {
    if (view.candidate().map(c -> c.getReleaseId().equals(release.getReleaseId())).orElse(false)) {
      said.event(canaryEvent(TrainerEventType.CANARY_PASSED, release).setMessage(reason));
      view.canary().ifPresent(command -> said.done(command.getCommandId(), reason));
    } else {
      dropCandidate("release " + release.getReleaseId() + " is active from now on", said);
    }
    view.active()
        .filter(active -> !active.getReleaseId().equals(release.getReleaseId()))
        .ifPresent(
            active ->
                said.announce(
                    anew(active, "followed by " + release.getReleaseId())
                        .setState(ReleaseState.INACTIVE)
                        .build()));
    said.announce(
        anew(release, reason)
            .setState(ReleaseState.ACTIVE)
            .setShadowShare(null)
            .setFollowsReleaseId(follows)
            .build());
  }

  /**
   * What was announced of a release, as this member would announce it now. Avro's own copy goes
   * through its reflection, which distrusts all classes but its own.
   */
  private ReleaseAnnouncement.Builder anew(ReleaseAnnouncement release, String reason) {
    return ReleaseAnnouncement.newBuilder()
        .setReleaseId(release.getReleaseId())
        .setState(release.getState())
        .setLocation(release.getLocation())
        .setSha256(release.getSha256())
        .setSizeBytes(release.getSizeBytes())
        .setSignatureLocation(release.getSignatureLocation())
        .setParentReleaseId(release.getParentReleaseId())
        .setRunId(release.getRunId())
        .setHeldOutBitsPerDim(release.getHeldOutBitsPerDim())
        .setAlertRate(release.getAlertRate())
        .setFollowsReleaseId(release.getFollowsReleaseId())
        .setReason(reason)
        .setAnnouncedBy(cluster.member())
        .setAnnouncedAt(clock.instant());
  }

  @Override
  public void close() {
    canary.ifPresent(Canary::close);
  }
}
