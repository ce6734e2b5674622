package io.surprisal.topology.sources;

import io.surprisal.model.checks.Sha256;
import io.surprisal.schemas.SourceAlertKind;
import io.surprisal.schemas.SourceAlertState;
import io.surprisal.schemas.SourceAspect;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.OptionalDouble;

/**
 * A source has stopped making sense.
 *
 * @param since milliseconds of the wall clock at its start
 * @param value what was seen, in the aspect's unit
 * @param habit what is usual; empty: not known
 * @param threshold where it begins to be unusual
 * @param count images that it is of so far
 */
record Incident(
    SourceAlertKind kind,
    SourceAspect aspect,
    long since,
    double value,
    OptionalDouble habit,
    double threshold,
    long count) {

  /** With what is seen of it now. */
  Incident with(double newValue, long newCount) {
    return new Incident(kind, aspect, since, newValue, habit, threshold, newCount);
  }

  /**
   * A pure function of source, kind and start.
   *
   * @return 32 lower-case hexadecimal digits
   */
  String id(String source) {
    return Sha256.ofNames(source, kind.name(), String.valueOf(since));
  }

  /**
   * A pure function of the incident's id and the state.
   *
   * @return 32 lower-case hexadecimal digits
   */
  String alertId(String source, SourceAlertState state) {
    return Sha256.ofNames(id(source), state.name());
  }

  void write(DataOutputStream out) throws IOException {
    out.writeUTF(kind.name());
    out.writeUTF(aspect.name());
    out.writeLong(since);
    out.writeDouble(value);
    out.writeDouble(habit.orElse(Double.NaN));
    out.writeDouble(threshold);
    out.writeLong(count);
  }

  static Incident read(DataInputStream in) throws IOException {
    SourceAlertKind kind = SourceAlertKind.valueOf(in.readUTF());
    SourceAspect aspect = SourceAspect.valueOf(in.readUTF());
    long since = in.readLong();
    double value = in.readDouble();
    double habit = in.readDouble();
    return new Incident(
        kind,
        aspect,
        since,
        value,
        Double.isNaN(habit) ? OptionalDouble.empty() : OptionalDouble.of(habit),
        in.readDouble(),
        in.readLong());
  }
}
