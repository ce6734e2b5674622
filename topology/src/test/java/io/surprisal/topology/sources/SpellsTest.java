package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SpellsTest {

  private static final long DAY = 24L * 3600 * 1000;

  @Test
  void shouldSayNothingBeforeEnoughHaveEnded() {
    Spells spells = Spells.NONE;
    for (int i = 1; i < Spells.ENOUGH; i++) {
      spells = spells.with(1, i);
    }

    assertThat(spells.usual(100)).isEmpty();
    assertThat(spells.limit(5, 100)).isEmpty();
    assertThat(spells.with(1, 100).usual(100)).hasValue(1);
  }

  @Test
  void shouldTakeTheSecondLongestOfTwoWeeks() {
    Spells spells = Spells.NONE;
    for (int i = 0; i < 100; i++) {
      spells = spells.with(i % 10, 0);
    }
    Spells once = spells.with(1000, DAY);
    Spells twice = once.with(800, 2 * DAY);

    assertThat(spells.usual(0)).hasValue(9);
    assertThat(once.usual(DAY)).hasValue(9);
    assertThat(twice.usual(2 * DAY)).hasValue(800);
    assertThat(twice.limit(5, 2 * DAY)).hasValue(3200);
    assertThat(twice.limit(5000, 2 * DAY)).hasValue(5000);
    assertThat(twice.longest()).hasSize(8);
    assertThat(twice.usual(17 * DAY)).isEmpty();
    assertThat(twice.limit(5, 17 * DAY)).isEmpty();
    Spells later = twice;
    for (int i = 0; i < 8; i++) {
      assertThat(later.usual(17 * DAY)).isEmpty();
      later = later.with(i, 17 * DAY);
    }
    assertThat(later.usual(17 * DAY)).hasValue(6);
  }

  @Test
  void shouldNeedLessOfALongerOneTheMoreIsKnown() {
    Spells spells = Spells.NONE;
    for (int i = 0; i < 199; i++) {
      spells = spells.with(7, i);
    }

    assertThat(spells.limit(0, 200)).hasValue(28);
    assertThat(spells.with(7, 200).limit(0, 200)).hasValue(21);
  }

  /**
   * Memoryless spells: 0.18 % of sources have one by chance that exceeds its limit. Of 2,000
   * sources 3.6 are expected (a Poisson number; more than 14 with probability 10⁻⁵, and the seed is
   * fixed).
   */
  @Test
  void shouldSeldomBeExceededByMemorylessSpells() {
    Random random = new Random(1);
    int exceeded = 0;
    for (int source = 0; source < 2000; source++) {
      Spells spells = Spells.NONE;
      for (int i = 0; i < 1000; i++) {
        double length = -Math.log(1 - random.nextDouble());
        if (length > spells.limit(0, i).orElse(Double.MAX_VALUE)) {
          exceeded++;
          break;
        }
        spells = spells.with(length, i);
      }
    }

    assertThat(exceeded).isBetween(0, 14);
  }
}
