package io.surprisal.topology.incidents;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.AlertIncident;
import io.surprisal.schemas.AlertReason;
import io.surprisal.schemas.AnomalyAlert;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.IncidentState;
import io.surprisal.topology.MapStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Alerts into incidents, without topics; time is counted, 50 ms from image to image. */
class IncidentsTest {
  private static final double RATE = 0.01;
  private static final long PAUSE = 50;
  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

  private final List<AlertIncident> told = new ArrayList<>();
  private final Map<Integer, MapStore<String, IncidentPart>> stores = new HashMap<>();
  private OpenIncidents open = new OpenIncidents();
  private final Map<Integer, Incidents> partitions = new HashMap<>();
  private long now = START.toEpochMilli();
  private int images;

  private Incidents partition(int partition) {
    return partitions.computeIfAbsent(
        partition,
        number ->
            new Incidents(
                open,
                number,
                stores.computeIfAbsent(number, any -> new MapStore<>(Incidents.serde())),
                told::add,
                now));
  }

  /** Another process takes the partitions over. */
  private void restart() {
    open = new OpenIncidents();
    partitions.clear();
    List.copyOf(stores.keySet()).forEach(this::partition);
  }

  private String alert(String source, int partition) {
    return alert(source, partition, 0.001, AlertReason.LOW_LIKELIHOOD);
  }

  private String alert(String source, int partition, double pValue, AlertReason reason) {
    now += PAUSE;
    return partition(partition)
        .alerted(
            AnomalyAlert.newBuilder()
                .setAlertId("alert-" + images)
                .setIncidentId("alert-" + images)
                .setReasons(List.of(reason))
                .setImageId("image-" + images++)
                .setSource(source)
                .setEventTime(Instant.ofEpochMilli(now))
                .setReleaseId("release")
                .setPrecision("float32")
                .setBitsPerDim(4)
                .setStandardError(0.01)
                .setEvaluations(8)
                .setAlertRate(RATE)
                .setPValue(pValue)
                .setLocation(new ImageLocation("images", partition, (long) images))
                .setBoxes(List.of())
                .setRepairs(List.of())
                .build(),
            now);
  }

  private void quiet(String source, int partition) {
    now += PAUSE;
    images++;
    partition(partition).quiet(source, Instant.ofEpochMilli(now), now);
  }

  private Map<String, AlertIncident> last() {
    Map<String, AlertIncident> last = new HashMap<>();
    told.forEach(one -> last.put(new String(Incidents.key(one), UTF_8), one));
    return last;
  }

  /**
   * Of incidents of chance 95.1 % stay alone, as four images after them are quiet; that of some
   * 2,800 fewer than 93.5 % do has a probability below 10⁻⁴.
   */
  @Test
  void shouldLeaveAlertsOfChanceAlone() {
    Random random = new Random(1);
    Map<String, Integer> incidents = new HashMap<>();
    for (int alerts = 0; alerts < 3000; ) {
      if (random.nextDouble() < RATE) {
        incidents.merge(alert("line-3", random.nextInt(4)), 1, Integer::sum);
        alerts++;
      } else {
        quiet("line-3", random.nextInt(4));
      }
    }

    assertThat(incidents).hasSizeGreaterThan(2700);
    assertThat(incidents.values())
        .filteredOn(alerts -> alerts == 1)
        .hasSizeGreaterThan((int) (0.935 * incidents.size()));
  }

  /** Of storms in which 80 % of the images alert one in 3,000 breaks; these are 20. */
  @Test
  void shouldMakeAStormOneIncidentThroughAllPartitions() {
    Random random = new Random(2);
    for (int storm = 0; storm < 20; storm++) {
      String source = "line-" + storm;
      told.clear();
      String id = alert(source, 0);
      int alerts = 1;
      for (int i = 1; i < 1000; i++) {
        if (random.nextDouble() < 0.8) {
          assertThat(alert(source, random.nextInt(4))).isEqualTo(id);
          alerts++;
        } else {
          quiet(source, random.nextInt(4));
        }
      }
      assertThat(told).extracting(AlertIncident::getState).containsOnly(IncidentState.OPEN);
      IntStream.range(0, 200).forEach(i -> quiet(source, i % 4));

      assertThat(last().values())
          .hasSize(4)
          .allSatisfy(part -> assertThat(part.getIncidentId()).isEqualTo(id))
          .allSatisfy(part -> assertThat(part.getState()).isEqualTo(IncidentState.CLOSED));
      assertThat(last().values().stream().mapToLong(AlertIncident::getAlerts).sum())
          .isEqualTo(alerts);
      assertThat(alert(source, 1)).isNotEqualTo(id);
    }
  }

  @Test
  void shouldTellAtPowersOfTwoAndOnceAMinuteAndAtTheEnd() {
    String id = alert("line-3", 0);
    IntStream.range(1, 1000).forEach(i -> alert("line-3", 0)); // 50 s
    assertThat(told)
        .extracting(AlertIncident::getAlerts)
        .containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 512L);
    told.clear();
    now += IncidentPart.PAUSE_MILLIS;
    partition(0).tick(now);
    partition(0).tick(now + IncidentPart.PAUSE_MILLIS);
    assertThat(told).extracting(AlertIncident::getAlerts).containsExactly(1000L);
    told.clear();
    IntStream.range(0, 73).forEach(i -> quiet("line-3", 0));

    assertThat(told).hasSize(1);
    AlertIncident closed = told.get(0);
    assertThat(closed.getIncidentId()).isEqualTo(id).isEqualTo("alert-0");
    assertThat(closed.getState()).isEqualTo(IncidentState.CLOSED);
    assertThat(closed.getAlerts()).isEqualTo(1000);
    assertThat(closed.getImages()).isEqualTo(1073);
    assertThat(closed.getOpenedAt()).isEqualTo(START.plusMillis(PAUSE));
    assertThat(closed.getClosedAt()).isEqualTo(Instant.ofEpochMilli(now));
    assertThat(partition(0).isEmpty()).isTrue();
  }

  @Test
  void shouldSayWhichAlertIsTheStrongestAndAllReasons() {
    alert("line-3", 0, 0.009, AlertReason.LOW_LIKELIHOOD);
    alert("line-3", 0, 0.002, AlertReason.ATYPICAL);
    alert("line-3", 0, 0.002, AlertReason.LOW_LIKELIHOOD);
    alert("line-3", 0, 0.004, AlertReason.LOW_LIKELIHOOD);

    AlertIncident now = told.get(told.size() - 1);
    assertThat(now.getFirst().getImageId()).isEqualTo("image-0");
    assertThat(now.getStrongest().getImageId()).isEqualTo("image-1");
    assertThat(now.getReasons()).containsExactly(AlertReason.LOW_LIKELIHOOD, AlertReason.ATYPICAL);
  }

  @Test
  void shouldGoOnAfterARestart() {
    String id = alert("line-3", 0);
    alert("line-3", 1);
    quiet("line-3", 0);
    restart();

    assertThat(alert("line-3", 1)).isEqualTo(id);
    assertThat(alert("line-3", 0)).isEqualTo(id);
    assertThat(last().values()).extracting(AlertIncident::getAlerts).containsOnly(2L);
    IntStream.range(0, 100).forEach(i -> quiet("line-3", 0));
    restart();
    partition(1).tick(now);
    IntStream.range(0, 100).forEach(i -> quiet("line-3", 1));
    assertThat(last().values())
        .extracting(AlertIncident::getState)
        .containsOnly(IncidentState.CLOSED);
  }

  /** Another process has brought the incident to its end when the partition comes back. */
  @Test
  void shouldForgetWhatGoesOnElsewhere() {
    String id = alert("line-3", 0);
    partitions.remove(0).leave();
    stores.remove(0);

    assertThat(alert("line-3", 0)).isNotEqualTo(id);
    assertThat(alert("line-3", 1)).isEqualTo(last().get("alert-1-0").getIncidentId());
    partitions.remove(0).leave();
    assertThat(alert("line-3", 1)).isEqualTo("alert-1");
  }

  @Test
  void shouldEndWithTheSourceThatSendsNothingMore() {
    String id = alert("line-3", 0);
    now += OpenIncidents.FORGOTTEN_AFTER.toMillis();
    partition(0).tick(now);
    assertThat(told).hasSize(1);
    now += Duration.ofSeconds(10).toMillis();
    partition(0).tick(now);

    assertThat(told).extracting(AlertIncident::getState).endsWith(IncidentState.CLOSED);
    assertThat(alert("line-3", 0)).isNotEqualTo(id);
  }

  @Test
  void shouldGiveAlertsOfTooManySourcesAnIncidentEach() {
    open = new OpenIncidents(2);
    alert("line-1", 0);
    alert("line-2", 0);

    assertThat(alert("line-3", 0)).isEqualTo("alert-2");
    assertThat(alert("line-3", 0)).isEqualTo("alert-3");
    assertThat(told.subList(2, 4))
        .extracting(AlertIncident::getState)
        .containsOnly(IncidentState.CLOSED);
    assertThat(alert("line-2", 0)).isEqualTo("alert-1");
  }
}
