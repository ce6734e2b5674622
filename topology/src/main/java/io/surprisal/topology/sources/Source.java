package io.surprisal.topology.sources;

import io.surprisal.schemas.SourceAlertKind;
import io.surprisal.schemas.SourceAlertState;
import io.surprisal.schemas.SourceAspect;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * What is known of one source: at most {@value #MOST_BYTES} bytes when it is written.
 *
 * @param firstSeen milliseconds of the wall clock at its first image
 * @param lastSeen at its latest image
 * @param images since the first, dead letters among them
 * @param tally of late
 * @param punctuality whether its images come live
 * @param pauses between live images, in milliseconds watched
 * @param stillness whether its pictures change
 * @param appearance how its pictures look
 * @param faults shares of repairs and dead letters
 * @param open incidents that have not ended, in the order in which they opened; at most one of a
 *     kind
 */
record Source(
    long firstSeen,
    Moment lastSeen,
    long images,
    Tally tally,
    Punctuality punctuality,
    Spells pauses,
    Stillness stillness,
    Appearance appearance,
    Faults faults,
    List<Incident> open) {

  /** More than any state takes. */
  static final int MOST_BYTES = 2048;

  private static final int VERSION = 1;

  /** No source is silent earlier, whatever its habit. */
  private static final double LEAST_SILENCE_MILLIS = 5 * 60_000;

  private static final long DAY_MILLIS = 24L * 3600 * 1000;

  /** A source of few images is forgotten after a day of silence, any other after a month. */
  private static final int FEW_IMAGES = 30;

  private static final int FORGOTTEN_DAYS = 30;

  /**
   * Images that could not be taken as they came.
   *
   * @param repairs how many files had to be repaired
   * @param deadLetters how many became dead letters
   */
  record Faults(Share repairs, Share deadLetters) {

    private Faults with(Observation image, Moment now) {
      return new Faults(
          image.look().isPresent() ? repairs.with(image.repaired(), now) : repairs,
          deadLetters.with(image.look().isEmpty(), now));
    }

    private Optional<Incident> incident() {
      return incident(SourceAspect.DEAD_LETTERS, deadLetters)
          .or(() -> incident(SourceAspect.REPAIRS, repairs));
    }

    private static Optional<Incident> incident(SourceAspect aspect, Share share) {
      return share
          .off()
          .map(
              since ->
                  new Incident(
                      SourceAlertKind.DEGRADED,
                      aspect,
                      since.wall(),
                      share.value(),
                      OptionalDouble.of(share.habit()),
                      share.threshold(),
                      share.count()));
    }
  }

  /** The state after something was seen, and what begins or ends with it. */
  record Step(Source source, List<SourceChange> changes) {}

  Source {
    open = List.copyOf(open);
  }

  /** A source whose first image has come. */
  static Source first(Observation image, WatchRules rules, Moment now) {
    Source unknown =
        new Source(
            image.processed(),
            now,
            0,
            Tally.NONE,
            Punctuality.first(image.processed() - image.sent()),
            Spells.NONE,
            Stillness.UNKNOWN,
            Appearance.unknown(),
            new Faults(Share.UNKNOWN, Share.UNKNOWN),
            List.of());
    return unknown.seen(image, rules, now).source();
  }

  /**
   * An image of it has come.
   *
   * @param now when its result was written, by the wall clock; and when it is told of, watched
   */
  Step seen(Observation image, WatchRules rules, Moment now) {
    long pause = now.watched() - lastSeen.watched();
    Punctuality punctual = punctuality.with(image.processed() - image.sent(), pause);
    boolean measured = images > 0 && punctual.standing() == Punctuality.Standing.LIVE;
    Stillness changed = image.look().map(look -> stillness.with(look, now)).orElse(stillness);
    // A stuck picture says nothing of how the source's pictures look now.
    Appearance looks =
        image
            .look()
            .filter(look -> !changed.still())
            .map(look -> appearance.with(look, tally.perSecond(), rules, now))
            .orElse(appearance);
    Source next =
        new Source(
            firstSeen,
            now,
            images + 1,
            tally.with(image, pause),
            punctual,
            measured ? pauses.with((double) pause, now.watched()) : pauses,
            changed,
            looks,
            faults.with(image, now),
            open);
    List<SourceChange> changes = new ArrayList<>();
    next = next.withSilence(pause).settled(SourceAlertKind.SILENT, Optional.empty(), now, changes);
    next = next.settled(SourceAlertKind.FROZEN, next.frozen(rules, now), now, changes);
    Optional<Incident> degraded = next.faults().incident();
    next =
        next.settled(
            SourceAlertKind.DEGRADED,
            degraded.isPresent() ? degraded : next.appearance().incident(rules, now),
            now,
            changes);
    return new Step(next, changes);
  }

  /** No image has come up to now. */
  Step waited(WatchRules rules, Moment now) {
    List<SourceChange> changes = new ArrayList<>();
    if (open(SourceAlertKind.SILENT).isPresent()) {
      return new Step(this, changes); // until an image comes
    }
    return new Step(settled(SourceAlertKind.SILENT, silent(rules, now), now, changes), changes);
  }

  /** It is forgotten: its incidents end. */
  List<SourceChange> forgotten(Moment now) {
    return open.stream()
        .map(incident -> new SourceChange(incident, SourceAlertState.CLEARED, now.wall()))
        .toList();
  }

  /** Whether it has been away so long that it is to be forgotten. */
  boolean isOver(Moment now) {
    return now.watched() - lastSeen.watched()
        > (images < FEW_IMAGES ? DAY_MILLIS : FORGOTTEN_DAYS * DAY_MILLIS);
  }

  /** Opens, carries on or clears the incident of a kind. */
  private Source settled(
      SourceAlertKind kind, Optional<Incident> current, Moment now, List<SourceChange> changes) {
    Optional<Incident> before = open(kind);
    if (before.isEmpty() && current.isEmpty()) {
      return this;
    }
    List<Incident> left = new ArrayList<>(open);
    if (before.isEmpty()) {
      Incident begun = current.orElseThrow();
      left.add(begun);
      changes.add(new SourceChange(begun, SourceAlertState.OPENED, now.wall()));
    } else if (current.isEmpty()) {
      left.remove(before.get());
      changes.add(new SourceChange(before.get(), SourceAlertState.CLEARED, now.wall()));
    } else if (current.get().aspect() == before.get().aspect()) {
      left.set(
          left.indexOf(before.get()),
          before.get().with(current.get().value(), current.get().count()));
    }
    return with(left);
  }

  /** Says of a silence how long it has been, in milliseconds watched. */
  private Source withSilence(long pause) {
    return with(
        open.stream()
            .map(
                incident ->
                    incident.kind() == SourceAlertKind.SILENT
                        ? incident.with(pause / 1000.0, 0)
                        : incident)
            .toList());
  }

  private Source with(List<Incident> incidents) {
    return new Source(
        firstSeen,
        lastSeen,
        images,
        tally,
        punctuality,
        pauses,
        stillness,
        appearance,
        faults,
        incidents);
  }

  private Optional<Incident> open(SourceAlertKind kind) {
    return open.stream().filter(incident -> incident.kind() == kind).findFirst();
  }

  private Optional<Incident> frozen(WatchRules rules, Moment now) {
    Optional<Incident> before = open(SourceAlertKind.FROZEN);
    if (before.isPresent()) { // lasts until the pictures change, whatever is a habit meanwhile
      return before
          .filter(incident -> stillness.still())
          .map(incident -> incident.with((double) stillness.run(), stillness.run()));
    }
    OptionalDouble limit = stillness.limit(rules, now.watched());
    if (limit.isEmpty() || stillness.run() < limit.getAsDouble()) {
      return Optional.empty();
    }
    return Optional.of(
        new Incident(
            SourceAlertKind.FROZEN,
            stillness.aspect(),
            stillness.since(),
            stillness.run(),
            stillness.runs().usual(now.watched()),
            limit.getAsDouble(),
            stillness.run()));
  }

  /** Pictures in a row that make it frozen; empty: not known. */
  OptionalDouble frozenAfter(WatchRules rules) {
    return stillness.limit(rules, lastSeen.watched());
  }

  private Optional<Incident> silent(WatchRules rules, Moment now) {
    OptionalDouble limit = silentAfter(rules, now.watched());
    double silence = now.watched() - lastSeen.watched();
    if (limit.isEmpty() || silence <= limit.getAsDouble()) {
      return Optional.empty();
    }
    OptionalDouble usual = pauses.usual(now.watched());
    return Optional.of(
        new Incident(
            SourceAlertKind.SILENT,
            SourceAspect.NO_IMAGES,
            lastSeen.wall(),
            silence / 1000,
            usual.isPresent() ? OptionalDouble.of(usual.getAsDouble() / 1000) : usual,
            limit.getAsDouble() / 1000,
            0));
  }

  /** Milliseconds watched without an image that make it silent; empty: not known. */
  OptionalDouble silentAfter(WatchRules rules, long watched) {
    if (!punctuality.acquainted()) {
      return OptionalDouble.empty();
    }
    return rules.silentAfter().isPresent()
        ? OptionalDouble.of((double) rules.silentAfter().get().toMillis())
        : pauses.limit(LEAST_SILENCE_MILLIS, watched);
  }

  /** A version, and the components in their order, as {@link DataOutputStream} writes them. */
  static Serde<Source> serde() {
    return Serdes.serdeFrom(
        (topic, source) -> source == null ? null : source.encode(),
        (topic, bytes) -> bytes == null ? null : decode(bytes));
  }

  private byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(MOST_BYTES);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(firstSeen);
      out.writeLong(lastSeen.watched());
      out.writeLong(lastSeen.wall());
      out.writeLong(images);
      tally.write(out);
      punctuality.write(out);
      pauses.write(out);
      stillness.write(out);
      appearance.write(out);
      faults.repairs().write(out);
      faults.deadLetters().write(out);
      out.writeByte(open.size());
      for (Incident incident : open) {
        incident.write(out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static Source decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readByte();
      if (version != VERSION) {
        throw new SerializationException(
            "a source of version %d, this one knows %d; upgrade the scorer"
                .formatted(version, VERSION));
      }
      return new Source(
          in.readLong(),
          new Moment(in.readLong(), in.readLong()),
          in.readLong(),
          Tally.read(in),
          Punctuality.read(in),
          Spells.read(in),
          Stillness.read(in),
          Appearance.read(in),
          new Faults(Share.read(in), Share.read(in)),
          incidents(in));
    } catch (IOException e) {
      throw new SerializationException("not a source", e);
    }
  }

  private static List<Incident> incidents(DataInputStream in) throws IOException {
    int open = in.readByte();
    List<Incident> incidents = new ArrayList<>();
    for (int i = 0; i < open; i++) {
      incidents.add(Incident.read(in));
    }
    return incidents;
  }
}
