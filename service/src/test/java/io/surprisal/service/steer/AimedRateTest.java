package io.surprisal.service.steer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.surprisal.service.steer.AimedRate.Aim;
import io.surprisal.service.steer.AimedRate.Judged;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AimedRateTest {
  private static final double PRESENT = 0.01;

  private static List<Judged> alerts(int right, double rightUpTo, int wrong, double wrongUpTo) {
    List<Judged> alerts = new ArrayList<>();
    IntStream.rangeClosed(1, right)
        .forEach(i -> alerts.add(new Judged(rightUpTo * i / right, PRESENT, true)));
    IntStream.rangeClosed(1, wrong)
        .forEach(i -> alerts.add(new Judged(wrongUpTo * i / wrong, PRESENT, false)));
    return alerts;
  }

  @Test
  void shouldLowerTheRateToWhereEnoughOfTheReviewedAlertsWereRight() {
    AimedRate reviewed = AimedRate.of(PRESENT, alerts(30, 0.002, 90, PRESENT));
    assertThat(reviewed.reviewed()).isEqualTo(120);
    Aim aim = reviewed.at(0.5).orElseThrow();
    // False alarms are spread evenly: 30 of them lie below a third of the rate.
    assertThat(aim.rate()).isCloseTo(PRESENT / 3, within(1e-4));
    assertThat(aim.right()).isEqualTo(30);
    assertThat(aim.reviewed()).isEqualTo(60);
  }

  @Test
  void shouldRaiseTheRateByTheFalseAlarmsThatItLeavesRoomFor() {
    AimedRate reviewed = AimedRate.of(PRESENT, alerts(60, PRESENT, 40, PRESENT));
    Aim aim = reviewed.at(0.5).orElseThrow();
    assertThat(aim.rate()).isCloseTo(PRESENT * 1.5, within(1e-12));
    assertThat(reviewed.at(0.6).orElseThrow().rate()).isCloseTo(PRESENT, within(1e-12));
    assertThat(reviewed.at(0.1).orElseThrow().rate()).isEqualTo(2 * PRESENT);
    assertThat(AimedRate.of(PRESENT, alerts(25, PRESENT, 0, 1)).at(0.9).orElseThrow().rate())
        .isEqualTo(2 * PRESENT);
  }

  @Test
  void shouldSayWhatIsTheBestWhereNoRateDoesIt() {
    AimedRate reviewed = AimedRate.of(PRESENT, alerts(10, PRESENT, 30, PRESENT));
    assertThat(reviewed.at(0.9)).isEmpty();
    assertThat(reviewed.best().orElseThrow()).isBetween(0.2, 0.35);
    AimedRate few = AimedRate.of(PRESENT, alerts(10, PRESENT, 9, PRESENT));
    assertThat(few.reviewed()).isEqualTo(19);
    assertThat(few.best()).isEmpty();
    assertThat(few.at(0.01)).isEmpty();
  }

  @Test
  void shouldLeaveOutAlertsOfALowerRateAndThoseThatThePresentOneWouldNotRaise() {
    List<Judged> alerts = alerts(20, PRESENT, 20, PRESENT);
    IntStream.range(0, 50).forEach(i -> alerts.add(new Judged(0.001, PRESENT / 2, true)));
    IntStream.range(0, 50).forEach(i -> alerts.add(new Judged(0.02, 0.05, false)));
    alerts.add(new Judged(0.005, 0.05, true));
    assertThat(AimedRate.of(PRESENT, alerts).reviewed()).isEqualTo(41);
  }

  @Test
  void shouldNeverPartAlertsOfOnePValue() {
    List<Judged> alerts = new ArrayList<>();
    IntStream.range(0, 30).forEach(i -> alerts.add(new Judged(0.001, PRESENT, i < 25)));
    IntStream.range(0, 30).forEach(i -> alerts.add(new Judged(0.008, PRESENT, false)));
    Aim aim = AimedRate.of(PRESENT, alerts).at(0.7).orElseThrow();
    assertThat(aim).isEqualTo(new Aim(0.001, PRESENT, 25, 30));
  }

  /**
   * A stream of 2 % anomalies, half of which have p-values below 1 %: at the rate found, the share
   * of later alerts that are right is the aim, within three standard deviations: of some 500 alerts
   * before and after it has one of 0.03 (error probability below 1 %, the seed is fixed).
   */
  @Test
  void shouldHoldOnWhatComesAfter() {
    Random random = new Random(4);
    double aimed = 0.4;
    AimedRate reviewed = AimedRate.of(0.05, stream(random, 20_000, 0.05));
    double rate = reviewed.at(aimed).orElseThrow().rate();
    List<Judged> later = stream(random, 20_000, rate);
    double share = (double) later.stream().filter(Judged::right).count() / later.size();
    assertThat(later).hasSizeGreaterThan(200);
    assertThat(share).isCloseTo(aimed, within(0.1));
  }

  private static List<Judged> stream(Random random, int images, double rate) {
    List<Judged> alerts = new ArrayList<>();
    for (int i = 0; i < images; i++) {
      boolean anomaly = random.nextDouble() < 0.02;
      double p = anomaly ? Math.pow(random.nextDouble(), 6.6) : random.nextDouble();
      if (p <= rate) {
        alerts.add(new Judged(p, rate, anomaly));
      }
    }
    return alerts;
  }
}
