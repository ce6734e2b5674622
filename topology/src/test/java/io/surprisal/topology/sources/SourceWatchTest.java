package io.surprisal.topology.sources;

import static io.surprisal.topology.sources.SimulatedCamera.DAY;
import static io.surprisal.topology.sources.SimulatedCamera.HOUR;
import static io.surprisal.topology.sources.SimulatedCamera.MINUTE;
import static io.surprisal.topology.sources.SimulatedCamera.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.schemas.SourceAlert;
import io.surprisal.schemas.SourceAlertKind;
import io.surprisal.schemas.SourceAlertState;
import io.surprisal.schemas.SourceAspect;
import io.surprisal.schemas.SourceStatus;
import io.surprisal.topology.MapStore;
import io.surprisal.topology.sources.SimulatedCamera.Scene;
import io.surprisal.topology.sources.SimulatedCamera.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Days of cameras, on a clock that the test moves. Seeds are fixed, so a test that passes does so
 * always; a healthy day of other seeds has an alert by chance with probability 0.5 % or so: three
 * of its sources have random pauses, see {@link Spells}.
 */
class SourceWatchTest {

  /** A midnight. */
  private static final long START = 20_000 * DAY;

  private final List<SourceAlert> alerts = new ArrayList<>();
  private MapStore<String, Source> sources = new MapStore<>(Source.serde());
  private MapStore<Integer, WatchClock> clocks = new MapStore<>(WatchClock.serde());
  private WatchRules rules = WatchRules.usual();
  private SourceWatch watch = new SourceWatch(rules, sources, clocks, START);
  private long images;

  private record Due(long at, SimulatedCamera camera) {}

  /** Lets time pass; cameras send as they do. */
  private void run(List<SimulatedCamera> cameras, long from, long to) {
    PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparingLong(Due::at));
    SplittableRandom partitions = new SplittableRandom(7);
    cameras.forEach(camera -> due.add(new Due(camera.next(from), camera)));
    long ticked = from;
    while (true) {
      Due next = due.element();
      while (ticked + WatchClock.TICK_MILLIS <= Math.min(next.at(), to)) {
        ticked += WatchClock.TICK_MILLIS;
        alerts.addAll(watch.tick(ticked));
      }
      if (next.at() >= to) {
        return;
      }
      due.remove();
      SimulatedCamera camera = next.camera();
      alerts.addAll(
          watch.seen(camera.name, camera.image(next.at(), partitions.nextInt(4)), next.at()));
      images++;
      due.add(new Due(camera.next(next.at()), camera));
    }
  }

  /** The scorer that watches dies, and another one goes on. */
  private void restart(long now) {
    watch = new SourceWatch(rules, sources, clocks, now);
  }

  /** Ten sources at ten rates: a million images a day. */
  private static List<SimulatedCamera> tenSources(long seed) {
    return List.of(
        new SimulatedCamera("gate", 190, Timing.REGULAR, Scene.OUTDOORS, 0, 0, seed + 1),
        new SimulatedCamera("belt", 333, Timing.REGULAR, Scene.BELT, 0.02, 0.001, seed + 2),
        new SimulatedCamera("screen", 500, Timing.REGULAR, Scene.SCREEN, 0, 0, seed + 3),
        new SimulatedCamera("press", SECOND, Timing.RANDOM, Scene.BELT, 1, 0, seed + 4),
        new SimulatedCamera("yard", 2500, Timing.REGULAR, Scene.OUTDOORS, 0, 0.02, seed + 5),
        new SimulatedCamera("poster", 10 * SECOND, Timing.REGULAR, Scene.POSTER, 0, 0, seed + 6),
        new SimulatedCamera("store", 30 * SECOND, Timing.REGULAR, Scene.ROOM, 0.3, 0, seed + 7),
        new SimulatedCamera("door", 2 * MINUTE, Timing.RANDOM, Scene.ROOM, 0, 0, seed + 8),
        new SimulatedCamera("roof", 5 * MINUTE, Timing.REGULAR, Scene.OUTDOORS, 0, 0, seed + 9),
        new SimulatedCamera("tank", 10 * MINUTE, Timing.RANDOM, Scene.ROOM, 0, 0, seed + 10));
  }

  private static SimulatedCamera camera(List<SimulatedCamera> cameras, String name) {
    return cameras.stream().filter(one -> one.name.equals(name)).findFirst().orElseThrow();
  }

  @Test
  void shouldRaiseNothingOnAHealthyDayOfTenSources() {
    run(tenSources(1), START, START + DAY);

    assertThat(images).isGreaterThan(1_000_000);
    assertThat(alerts).isEmpty();
    assertThat(watch.tell(START + DAY)).hasSize(10);
  }

  /** Slower sources than those of the healthy day, so that several days pass in a second. */
  private static List<SimulatedCamera> slowSources() {
    return List.of(
        new SimulatedCamera("yard", 30 * SECOND, Timing.REGULAR, Scene.OUTDOORS, 0, 0, 11),
        new SimulatedCamera("store", 20 * SECOND, Timing.REGULAR, Scene.ROOM, 0, 0, 12),
        new SimulatedCamera("door", 2 * MINUTE, Timing.RANDOM, Scene.ROOM, 0, 0, 13));
  }

  private List<SourceAlert> opened() {
    return alerts.stream().filter(it -> it.getState() == SourceAlertState.OPENED).toList();
  }

  /** One incident of a source, opened and cleared, and no other. */
  private void assertOneIncident(String source, SourceAlertKind kind, SourceAspect aspect) {
    assertThat(alerts)
        .extracting(
            SourceAlert::getSource,
            SourceAlert::getKind,
            SourceAlert::getAspect,
            SourceAlert::getState)
        .containsExactly(
            tuple(source, kind, aspect, SourceAlertState.OPENED),
            tuple(source, kind, aspect, SourceAlertState.CLEARED));
    assertThat(alerts.get(1).getIncidentId()).isEqualTo(alerts.get(0).getIncidentId());
    assertThat(alerts.get(1).getAlertId()).isNotEqualTo(alerts.get(0).getAlertId());
  }

  @Test
  void shouldTellOnceOfACameraThatIsFrozenAndOnceThatItIsAliveAgain() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "yard").frozenFrom = START + 30 * HOUR;
    camera(cameras, "yard").alive = START + 42 * HOUR; // in another light
    run(cameras, START, START + 3 * DAY);

    assertOneIncident("yard", SourceAlertKind.FROZEN, SourceAspect.SAME_PIXELS);
    SourceAlert alert = alerts.get(0);
    assertThat(alert.getSince().toEpochMilli())
        .isBetween(START + 30 * HOUR, START + 30 * HOUR + 2 * MINUTE);
    assertThat(alert.getCount()).isEqualTo(WatchRules.FROZEN_AFTER);
    assertThat(alert.getHabit()).isEqualTo(1);
    assertThat(alert.getThreshold()).isEqualTo(WatchRules.FROZEN_AFTER);
    assertThat(alerts.get(1).getCount()).isBetween(1300L, 1600L); // 12 h, one each 30 s
  }

  /** Longer than habits are remembered. */
  @Test
  void shouldTellOnceOfACameraThatIsFrozenForWeeks() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "store").frozenFrom = START + 30 * HOUR;
    camera(cameras, "store").alive = START + 20 * DAY;
    run(cameras, START, START + 21 * DAY);

    assertOneIncident("store", SourceAlertKind.FROZEN, SourceAspect.SAME_PIXELS);
    assertThat(alerts.get(1).getAt().toEpochMilli()).isCloseTo(START + 20 * DAY, within(MINUTE));
  }

  @Test
  void shouldKnowAFrozenPictureWithAClockInIt() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "store").frozenFrom = START + 30 * HOUR;
    camera(cameras, "store").alive = START + 31 * HOUR;
    camera(cameras, "store").clockInPicture = true;
    run(cameras, START, START + 2 * DAY);

    assertOneIncident("store", SourceAlertKind.FROZEN, SourceAspect.NEAR_COPIES);
  }

  @Test
  void shouldTellOnceOfACameraThatIsUnpluggedForANightAndOnceThatItIsBack() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "yard").unpluggedFrom = START + 42 * HOUR;
    camera(cameras, "yard").pluggedAgain = START + 56 * HOUR;
    run(cameras, START, START + 3 * DAY);

    assertOneIncident("yard", SourceAlertKind.SILENT, SourceAspect.NO_IMAGES);
    SourceAlert alert = alerts.get(0);
    assertThat(alert.getSince().toEpochMilli())
        .isBetween(START + 42 * HOUR - 2 * MINUTE, START + 42 * HOUR);
    assertThat(alert.getAt().toEpochMilli())
        .isBetween(START + 42 * HOUR + 4 * MINUTE, START + 42 * HOUR + 6 * MINUTE);
    assertThat(alert.getThreshold()).isEqualTo(300); // far above its habit, so the least
    assertThat(alert.getHabit()).isBetween(30.0, 100.0);
    assertThat(alerts.get(1).getValue()).isCloseTo(14 * 3600.0, within(120.0));
  }

  @Test
  void shouldTellOnceOfACameraThatFallsSilentForGood() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "store").unpluggedFrom = START + 30 * HOUR;
    run(cameras, START, START + 4 * DAY);

    assertThat(alerts)
        .extracting(SourceAlert::getSource, SourceAlert::getKind, SourceAlert::getState)
        .containsExactly(tuple("store", SourceAlertKind.SILENT, SourceAlertState.OPENED));
    assertThat(watch.tell(START + 4 * DAY).get("store").orElseThrow().getIncidents())
        .singleElement()
        .satisfies(
            open -> {
              assertThat(open.getKind()).isEqualTo(SourceAlertKind.SILENT);
              assertThat(open.getIncidentId()).isEqualTo(alerts.get(0).getIncidentId());
            });
  }

  @Test
  void shouldTellOnceOfACameraThatTurnsGreyAtDusk() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "yard").greyFrom = START + 41 * HOUR + 30 * MINUTE; // the light fades
    camera(cameras, "yard").colourAgain = START + 54 * HOUR + 30 * MINUTE;
    run(cameras, START, START + 3 * DAY);

    assertOneIncident("yard", SourceAlertKind.DEGRADED, SourceAspect.COLOUR);
    SourceAlert alert = alerts.get(0);
    assertThat(alert.getValue()).isLessThan(alert.getThreshold());
    assertThat(alert.getThreshold()).isLessThan(alert.getHabit());
    assertThat(alert.getCount()).isGreaterThanOrEqualTo(WatchRules.DEGRADED_AFTER);
  }

  @Test
  void shouldTakeForAHabitWhatHasHappenedTwice() {
    List<SimulatedCamera> cameras = slowSources();
    for (int day = 1; day < 8; day++) { // grey each night, and off at noon for two hours
      SimulatedCamera yard = camera(cameras, "yard");
      long midnight = START + day * DAY;
      yard.greyFrom = midnight + 18 * HOUR;
      yard.colourAgain = midnight + 29 * HOUR;
      SimulatedCamera store = camera(cameras, "store");
      store.unpluggedFrom = midnight + 12 * HOUR;
      store.pluggedAgain = midnight + 14 * HOUR;
      run(cameras, midnight, midnight + DAY);
    }

    assertThat(opened())
        .extracting(SourceAlert::getSource, SourceAlert::getKind)
        .containsExactlyInAnyOrder(
            tuple("yard", SourceAlertKind.DEGRADED),
            tuple("yard", SourceAlertKind.DEGRADED),
            tuple("store", SourceAlertKind.SILENT),
            tuple("store", SourceAlertKind.SILENT));
    assertThat(alerts).hasSize(8);
  }

  @Test
  void shouldTellOfALensOutOfFocusAndOfBrokenFiles() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "store").blurredFrom = START + 30 * HOUR;
    camera(cameras, "door").brokenFrom = START + 31 * HOUR;
    run(cameras, START, START + 2 * DAY);

    assertThat(alerts)
        .extracting(SourceAlert::getSource, SourceAlert::getAspect, SourceAlert::getState)
        .containsExactly(
            tuple("store", SourceAspect.FOCUS, SourceAlertState.OPENED),
            tuple("door", SourceAspect.DEAD_LETTERS, SourceAlertState.OPENED));
  }

  /** Killed before, while and after each incident is open; each state comes back from its bytes. */
  @Test
  void shouldTellOnceOfAnIncidentThroughWhichScorersRestart() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "yard").greyFrom = START + 36 * HOUR;
    camera(cameras, "yard").colourAgain = START + 40 * HOUR;
    camera(cameras, "store").frozenFrom = START + 36 * HOUR;
    camera(cameras, "store").alive = START + 40 * HOUR;
    camera(cameras, "door").unpluggedFrom = START + 36 * HOUR;
    camera(cameras, "door").pluggedAgain = START + 44 * HOUR;
    run(cameras, START, START + 35 * HOUR);
    for (long time = START + 35 * HOUR; time < START + 46 * HOUR; time += 7 * MINUTE) {
      restart(time);
      run(cameras, time, Math.min(time + 7 * MINUTE, START + 46 * HOUR));
    }

    assertThat(alerts)
        .extracting(SourceAlert::getSource, SourceAlert::getKind, SourceAlert::getState)
        .containsExactlyInAnyOrder(
            tuple("yard", SourceAlertKind.DEGRADED, SourceAlertState.OPENED),
            tuple("yard", SourceAlertKind.DEGRADED, SourceAlertState.CLEARED),
            tuple("store", SourceAlertKind.FROZEN, SourceAlertState.OPENED),
            tuple("store", SourceAlertKind.FROZEN, SourceAlertState.CLEARED),
            tuple("door", SourceAlertKind.SILENT, SourceAlertState.OPENED),
            tuple("door", SourceAlertKind.SILENT, SourceAlertState.CLEARED));
    assertThat(sources.largest()).isLessThan(Source.MOST_BYTES);
  }

  @Test
  void shouldCallNobodySilentForTheTimeInWhichNobodyWatched() {
    List<SimulatedCamera> cameras = slowSources();
    run(cameras, START, START + 12 * HOUR);
    restart(START + 36 * HOUR);
    run(cameras, START + 36 * HOUR, START + 2 * DAY);
    cameras.forEach(camera -> camera.unpluggedFrom = START + 2 * DAY);
    run(cameras, START + 2 * DAY, START + 3 * DAY);

    assertThat(alerts)
        .extracting(SourceAlert::getKind, SourceAlert::getState)
        .containsOnly(tuple(SourceAlertKind.SILENT, SourceAlertState.OPENED))
        .hasSize(3);
    assertThat(alerts)
        .allSatisfy(
            alert -> assertThat(alert.getAt().toEpochMilli()).isGreaterThan(START + 2 * DAY));
  }

  /** Images that wait behind a million others are late, and nobody is silent. */
  @Test
  void shouldCallNobodySilentWhileImagesWaitUnread() {
    List<SimulatedCamera> cameras = slowSources();
    run(cameras, START, START + 12 * HOUR);
    long filled = START + 12 * HOUR;
    SimulatedCamera archive =
        new SimulatedCamera("archive", SECOND, Timing.REGULAR, Scene.BELT, 0, 0, 14);
    for (long time = filled; time < filled + 3 * HOUR; time += SECOND) {
      Observation image = archive.image(time, 0);
      alerts.addAll(
          watch.seen(
              "archive", new Observation(0, filled, time, false, false, image.look()), time));
      if (time % WatchClock.TICK_MILLIS == 0) {
        alerts.addAll(watch.tick(time));
      }
    }
    run(cameras, filled + 3 * HOUR, filled + 6 * HOUR);

    assertThat(alerts).isEmpty();
  }

  @Test
  void shouldCallNoReplayAndNoShortBatchSilent() {
    SimulatedCamera belt =
        new SimulatedCamera("belt", SECOND, Timing.REGULAR, Scene.BELT, 0, 0, 15);
    for (long time = START; time < START + 2 * HOUR; time += SECOND) { // a day in two hours
      Observation image = belt.image(time, 0);
      long sent = START - 300 * DAY + 12 * (time - START);
      watch.seen("replay", new Observation(0, sent, time, false, false, image.look()), time);
      if (time < START + 30 * MINUTE) {
        watch.seen("batch", image, time);
      }
      if (time % WatchClock.TICK_MILLIS == 0) {
        alerts.addAll(watch.tick(time));
      }
    }
    for (long time = START + 2 * HOUR; time < START + DAY; time += WatchClock.TICK_MILLIS) {
      alerts.addAll(watch.tick(time));
    }

    assertThat(alerts).isEmpty();
  }

  @Test
  void shouldCallASourceSilentAfterASetTime() {
    rules = new WatchRules(Optional.of(Duration.ofSeconds(90)), 10, 20);
    restart(START);
    List<SimulatedCamera> cameras =
        List.of(new SimulatedCamera("store", 10 * SECOND, Timing.RANDOM, Scene.ROOM, 0, 0, 16));
    cameras.get(0).unpluggedFrom = START + 3 * HOUR;
    run(cameras, START, START + 3 * HOUR + 80 * SECOND);
    long before =
        alerts.stream().filter(it -> it.getAt().toEpochMilli() > START + 3 * HOUR).count();
    run(cameras, START + 3 * HOUR + 80 * SECOND, START + 4 * HOUR);

    assertThat(before).isZero();
    SourceAlert last = alerts.get(alerts.size() - 1);
    assertThat(last.getState()).isEqualTo(SourceAlertState.OPENED);
    assertThat(last.getThreshold()).isEqualTo(90);
  }

  @Test
  void shouldTellHowASourceIs() {
    List<SimulatedCamera> cameras =
        List.of(
            new SimulatedCamera("press", SECOND, Timing.REGULAR, Scene.BELT, 0.3, 0.1, 17),
            new SimulatedCamera("poster", MINUTE, Timing.REGULAR, Scene.POSTER, 0, 0, 18));
    run(cameras, START, START + 6 * HOUR);
    Map<String, Optional<SourceStatus>> told = watch.tell(START + 6 * HOUR);

    SourceStatus press = told.get("press").orElseThrow();
    assertThat(press.getLastSeen().toEpochMilli())
        .isBetween(START + 6 * HOUR - 2 * SECOND, START + 6 * HOUR);
    assertThat(press.getImages()).isCloseTo(6 * 3600, within(400L));
    // Shares of 3,600 images or so: five standard errors.
    assertThat(press.getImagesPerSecond()).isCloseTo(1, within(0.05));
    assertThat(press.getRepairedShare()).isCloseTo(0.3, within(0.05));
    assertThat(press.getDeadLetterShare()).isCloseTo(0.1, within(0.03));
    assertThat(press.getAlertShare()).isCloseTo(0.01, within(0.01));
    assertThat(press.getSilentAfterSeconds()).isEqualTo(300);
    assertThat(press.getFrozenAfterImages()).isEqualTo(WatchRules.FROZEN_AFTER);
    assertThat(told.get("poster").orElseThrow().getFrozenAfterImages()).isNull();
    assertThat(watch.tell(START + 6 * HOUR)).isEmpty();
  }

  @Test
  void shouldWatchNoMoreSourcesThanItMayAndForgetThoseThatAreGone() {
    watch = new SourceWatch(rules, 100, sources, clocks, START);
    SimulatedCamera camera = new SimulatedCamera("x", SECOND, Timing.REGULAR, Scene.ROOM, 0, 0, 19);
    for (int i = 0; i < 150; i++) {
      watch.seen("s" + i, camera.image(START + i, 0), START + i);
    }
    assertThat(sources.approximateNumEntries()).isEqualTo(100);
    assertThat(watch.tell(START + 1000)).hasSize(100).doesNotContainKey("s100");

    for (long time = START; time < START + DAY + HOUR; time += WatchClock.TICK_MILLIS) {
      watch.seen("s0", camera.image(time, 0), time);
      alerts.addAll(watch.tick(time));
    }
    Map<String, Optional<SourceStatus>> told = watch.tell(START + DAY + HOUR);
    watch.seen("s100", camera.image(START + DAY + HOUR, 0), START + DAY + HOUR);

    assertThat(told).hasSize(100);
    assertThat(told.get("s0")).isPresent();
    assertThat(told.values().stream().filter(Optional::isEmpty)).hasSize(99);
    assertThat(sources.approximateNumEntries()).isEqualTo(2);
    assertThat(alerts).isEmpty();
  }

  @Test
  void shouldEndTheIncidentsOfASourceThatItForgets() {
    List<SimulatedCamera> cameras = slowSources();
    camera(cameras, "store").unpluggedFrom = START + 30 * HOUR;
    run(List.of(camera(cameras, "store"), camera(cameras, "door")), START, START + 33 * DAY);

    assertOneIncident("store", SourceAlertKind.SILENT, SourceAspect.NO_IMAGES);
    assertThat(alerts.get(1).getAt().toEpochMilli())
        .isCloseTo(START + 30 * HOUR + 30 * DAY, within(MINUTE));
    assertThat(watch.tell(START + 33 * DAY).get("store")).isEmpty();
  }
}
