package io.surprisal.service.options;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.IncidentAlert;
import io.surprisal.schemas.IncidentState;
import io.surprisal.service.cli.AvroFields;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Incidents as wholes: what the partitions of their images say of each adds up here. Not
 * thread-safe.
 */
public final class IncidentSum {
  /** The one that was told of longest ago comes first. */
  private final Map<String, Map<Integer, AlertIncident>> parts = new LinkedHashMap<>();

  private final int most;

  /**
   * @param most incidents; beyond, the one that was told of longest ago is forgotten
   */
  public IncidentSum(int most) {
    this.most = most;
  }

  /** Takes what a partition says now, and gives the incident as it is with that. */
  public Whole add(AlertIncident part) {
    Map<Integer, AlertIncident> all =
        Optional.ofNullable(parts.remove(part.getIncidentId())).orElseGet(TreeMap::new);
    all.put(part.getImagesPartition(), part);
    parts.put(part.getIncidentId(), all);
    if (parts.size() > most) {
      parts.remove(parts.keySet().iterator().next());
    }
    return new Whole(List.copyOf(all.values()));
  }

  /** An incident as it is now; empty where nothing was told of it, or too long ago. */
  public Optional<Whole> find(String incidentId) {
    return Optional.ofNullable(parts.get(incidentId))
        .map(all -> new Whole(List.copyOf(all.values())));
  }

  /** All, the one that began first at the head. */
  public List<Whole> all() {
    return parts.values().stream()
        .map(all -> new Whole(List.copyOf(all.values())))
        .sorted(Comparator.comparing(Whole::openedAt))
        .toList();
  }

  /**
   * One incident.
   *
   * @param parts what each partition says of it, at least one
   */
  public record Whole(List<AlertIncident> parts) {

    /** Whether it goes on, which it does as long as one of its parts does. */
    public boolean isOpen() {
      return parts.stream().anyMatch(part -> part.getState() == IncidentState.OPEN);
    }

    public String id() {
      return parts.get(0).getIncidentId();
    }

    public String source() {
      return parts.get(0).getSource();
    }

    /** When the image of its first alert was taken. */
    public Instant openedAt() {
      return earliest().getOpenedAt();
    }

    /** When the image of its latest alert was taken. */
    public Instant lastAlertAt() {
      return latest().getLastAlertAt();
    }

    /** When it was over; empty while it is open. */
    public Optional<Instant> closedAt() {
      return isOpen()
          ? Optional.empty()
          : parts.stream()
              .map(AlertIncident::getClosedAt)
              .filter(Objects::nonNull)
              .max(Comparator.naturalOrder());
    }

    public long alerts() {
      return parts.stream().mapToLong(AlertIncident::getAlerts).sum();
    }

    /** Images of the source since it opened, as far as they were counted. */
    public long images() {
      return parts.stream().mapToLong(AlertIncident::getImages).sum();
    }

    IncidentAlert first() {
      return earliest().getFirst();
    }

    /** The alert with the smallest p-value. */
    public IncidentAlert strongest() {
      return parts.stream()
          .map(AlertIncident::getStrongest)
          .min(
              Comparator.comparingDouble(
                  alert -> alert.getPValue() == null ? 1 : alert.getPValue()))
          .orElseThrow();
    }

    public List<AlertReason> reasons() {
      return parts.stream().flatMap(part -> part.getReasons().stream()).distinct().toList();
    }

    private AlertIncident earliest() {
      return parts.stream().min(Comparator.comparing(AlertIncident::getOpenedAt)).orElseThrow();
    }

    private AlertIncident latest() {
      return parts.stream().max(Comparator.comparing(AlertIncident::getLastAlertAt)).orElseThrow();
    }

    /** For programs, called as in {@link AlertIncident}, of all partitions. */
    public Map<String, Object> fields() {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("incidentId", id());
      fields.put("source", source());
      fields.put("state", (isOpen() ? IncidentState.OPEN : IncidentState.CLOSED).toString());
      fields.put("openedAt", openedAt().toString());
      fields.put("lastAlertAt", lastAlertAt().toString());
      fields.put("closedAt", closedAt().map(Instant::toString).orElse(null));
      fields.put("alerts", alerts());
      fields.put("images", images());
      fields.put("first", AvroFields.of(first()));
      fields.put("strongest", AvroFields.of(strongest()));
      fields.put("reasons", reasons().stream().map(AlertReason::toString).toList());
      fields.put("releaseId", latest().getReleaseId());
      fields.put("alertRate", latest().getAlertRate());
      fields.put(
          "imagesPartitions", parts.stream().map(AlertIncident::getImagesPartition).toList());
      return fields;
    }
  }
}
