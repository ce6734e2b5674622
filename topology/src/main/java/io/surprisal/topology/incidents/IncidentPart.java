package io.surprisal.topology.incidents;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.IncidentAlert;
import io.surprisal.schemas.IncidentState;
import io.surprisal.schemas.RecordFormat;
import io.surprisal.schemas.RecordFormatException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * An open incident as far as it came through one partition.
 *
 * @param incident as it is now; not to be changed
 * @param evidence for it, of all partitions, when it was last seen here
 * @param toldAt milliseconds of the wall clock, when it was last told of
 * @param toldAlerts how many alerts it had then; 0: it was never told of
 */
public record IncidentPart(
    AlertIncident incident, Evidence evidence, long toldAt, long toldAlerts) {

  /** Between two records of an incident whose alerts are no power of two. */
  static final long PAUSE_MILLIS = 60_000;

  private static final int VERSION = 1;
  private static final RecordFormat<AlertIncident> INCIDENTS = RecordFormat.of(AlertIncident.class);

  /** With its first alert. */
  static IncidentPart opened(String id, AnomalyAlert alert, int partition, Evidence evidence) {
    IncidentAlert first = shortOf(alert);
    return new IncidentPart(
        AlertIncident.newBuilder()
            .setIncidentId(id)
            .setSource(alert.getSource())
            .setImagesPartition(partition)
            .setState(IncidentState.OPEN)
            .setOpenedAt(alert.getEventTime())
            .setLastAlertAt(alert.getEventTime())
            .setClosedAt(null)
            .setAlerts(1)
            .setImages(1)
            .setFirst(first)
            .setStrongest(first)
            .setReasons(List.copyOf(alert.getReasons()))
            .setReleaseId(alert.getReleaseId())
            .setAlertRate(alert.getAlertRate())
            .build(),
        evidence,
        0,
        0);
  }

  private static IncidentAlert shortOf(AnomalyAlert alert) {
    return new IncidentAlert(
        alert.getAlertId(),
        alert.getImageId(),
        alert.getEventTime(),
        alert.getPValue(),
        alert.getBitsPerDim());
  }

  String id() {
    return incident.getIncidentId();
  }

  /** With one more alert. */
  IncidentPart alerted(AnomalyAlert alert, Evidence now) {
    IncidentAlert latest = shortOf(alert);
    Set<AlertReason> reasons = new LinkedHashSet<>(incident.getReasons());
    reasons.addAll(alert.getReasons());
    AlertIncident after = copy();
    after.setLastAlertAt(alert.getEventTime());
    after.setAlerts(incident.getAlerts() + 1);
    after.setImages(incident.getImages() + 1);
    if (pValue(latest) < pValue(incident.getStrongest())) {
      after.setStrongest(latest);
    }
    after.setReasons(List.copyOf(reasons));
    after.setReleaseId(alert.getReleaseId());
    after.setAlertRate(alert.getAlertRate());
    return new IncidentPart(after, now, toldAt, toldAlerts);
  }

  /** By its bytes: Avro's own copy reads classes by name, and trusts none of these. */
  private AlertIncident copy() {
    return INCIDENTS.decode(INCIDENTS.encodeAlone(incident));
  }

  private static double pValue(IncidentAlert alert) {
    return alert.getPValue() == null ? 1 : alert.getPValue();
  }

  /** With an image that raised none. */
  IncidentPart quiet(Evidence now) {
    AlertIncident after = copy();
    after.setImages(incident.getImages() + 1);
    return new IncidentPart(after, now, toldAt, toldAlerts);
  }

  /** What is told of it when it is over. */
  AlertIncident closed(Instant at) {
    AlertIncident after = copy();
    after.setState(IncidentState.CLOSED);
    after.setClosedAt(at);
    return after;
  }

  /** Whether it is to be told of: at 1, 2, 4, 8 … alerts, and once a minute while some are new. */
  boolean isDue(long now) {
    long alerts = incident.getAlerts();
    return alerts != toldAlerts && ((alerts & (alerts - 1)) == 0 || now - toldAt >= PAUSE_MILLIS);
  }

  /** Once it has been told of. */
  IncidentPart told(long now) {
    return new IncidentPart(incident, evidence, now, incident.getAlerts());
  }

  /** Of the store: a version, the numbers, the incident. */
  public static Serde<IncidentPart> serde() {
    return Serdes.serdeFrom(
        (topic, part) -> part == null ? null : part.encode(),
        (topic, bytes) -> bytes == null ? null : decode(bytes));
  }

  private byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeDouble(evidence.rate());
      out.writeDouble(evidence.nats());
      out.writeLong(toldAt);
      out.writeLong(toldAlerts);
      out.write(INCIDENTS.encodeAlone(incident));
    } catch (IOException e) {
      throw new UncheckedIOException("Writing to memory failed", e);
    }
    return bytes.toByteArray();
  }

  private static IncidentPart decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readByte();
      if (version != VERSION) {
        throw new SerializationException(
            "an open incident of version %d, this one knows %d; upgrade the scorer"
                .formatted(version, VERSION));
      }
      Evidence evidence = new Evidence(in.readDouble(), in.readDouble());
      long toldAt = in.readLong();
      long toldAlerts = in.readLong();
      return new IncidentPart(INCIDENTS.decode(in.readAllBytes()), evidence, toldAt, toldAlerts);
    } catch (IOException | RecordFormatException e) {
      throw new SerializationException("not an open incident", e);
    }
  }
}
