package io.surprisal.topology.statistics;

import io.surprisal.schemas.ImageScore;
import io.surprisal.schemas.ScoreVerdict;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * What a window has counted so far.
 *
 * @param scores bits/dim of its images
 * @param alerts how many of them raised one
 * @param repaired how many of their files had to be repaired
 * @param calibratedMean of the release, bits/dim; empty: it is not calibrated
 * @param comparison with the candidate that was tried last in this window; empty: none was
 * @param told whether the topic has all of this
 */
public record SourceWindow(
    Moments scores,
    long alerts,
    long repaired,
    OptionalDouble calibratedMean,
    Optional<Comparison> comparison,
    boolean told) {

  /** The first version did not count repairs. */
  private static final int WITHOUT_REPAIRS = 1;

  private static final int VERSION = 2;

  static SourceWindow empty(OptionalDouble calibratedMean) {
    return new SourceWindow(Moments.NONE, 0, 0, calibratedMean, Optional.empty(), true);
  }

  SourceWindow with(ImageScore score) {
    return new SourceWindow(
        scores.with(score.getBitsPerDim()),
        alerts + (score.getVerdict() == ScoreVerdict.ALERT ? 1 : 0),
        repaired + (score.getRepairs().isEmpty() ? 0 : 1),
        calibratedMean,
        comparison,
        false);
  }

  SourceWindow with(Comparison changed) {
    return new SourceWindow(scores, alerts, repaired, calibratedMean, Optional.of(changed), false);
  }

  SourceWindow withTold() {
    return new SourceWindow(scores, alerts, repaired, calibratedMean, comparison, true);
  }

  /** The comparison with a candidate; that with another one is over. */
  Comparison comparisonWith(String candidate) {
    return comparison
        .filter(with -> with.candidate().equals(candidate))
        .orElseGet(() -> Comparison.of(candidate));
  }

  /**
   * How far the scores lie from the calibration, in standard errors of their mean; empty where that
   * is not known.
   */
  OptionalDouble drift() {
    OptionalDouble error = scores.standardError();
    return calibratedMean.isPresent() && error.isPresent() && error.getAsDouble() > 0
        ? OptionalDouble.of((scores.mean() - calibratedMean.getAsDouble()) / error.getAsDouble())
        : OptionalDouble.empty();
  }

  /** A version, and the components in their order, as {@link DataOutputStream} writes them. */
  public static Serde<SourceWindow> serde() {
    return Serdes.serdeFrom(
        (topic, window) -> window == null ? null : window.encode(),
        (topic, bytes) -> bytes == null ? null : decode(bytes));
  }

  private byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      write(scores, out);
      out.writeLong(alerts);
      out.writeLong(repaired);
      out.writeDouble(calibratedMean.orElse(Double.NaN));
      out.writeBoolean(told);
      out.writeBoolean(comparison.isPresent());
      if (comparison.isPresent()) {
        Comparison with = comparison.get();
        out.writeUTF(with.candidate());
        write(with.served(), out);
        write(with.difference(), out);
        out.writeLong(with.servedAlerts());
        out.writeLong(with.candidateAlerts());
        out.writeLong(with.commonAlerts());
        out.writeLong(with.missed());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static void write(Moments moments, DataOutputStream out) throws IOException {
    out.writeLong(moments.count());
    out.writeDouble(moments.mean());
    out.writeDouble(moments.squares());
  }

  private static SourceWindow decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readByte();
      if (version < WITHOUT_REPAIRS || version > VERSION) {
        throw new SerializationException(
            "a window of statistics of version "
                + version
                + ", this one knows "
                + VERSION
                + "; upgrade the scorer");
      }
      Moments scores = moments(in);
      long alerts = in.readLong();
      long repaired = version == WITHOUT_REPAIRS ? 0 : in.readLong();
      double mean = in.readDouble();
      boolean told = in.readBoolean();
      Optional<Comparison> comparison =
          in.readBoolean() ? Optional.of(comparison(in)) : Optional.empty();
      return new SourceWindow(
          scores,
          alerts,
          repaired,
          Double.isNaN(mean) ? OptionalDouble.empty() : OptionalDouble.of(mean),
          comparison,
          told);
    } catch (IOException e) {
      throw new SerializationException("not a window of statistics", e);
    }
  }

  private static Comparison comparison(DataInputStream in) throws IOException {
    return new Comparison(
        in.readUTF(),
        moments(in),
        moments(in),
        in.readLong(),
        in.readLong(),
        in.readLong(),
        in.readLong());
  }

  private static Moments moments(DataInputStream in) throws IOException {
    return new Moments(in.readLong(), in.readDouble(), in.readDouble());
  }
}
