package io.surprisal.trainer.reservoir;

import static io.surprisal.trainer.reservoir.ScoredPlaces.Answer.PASSED_OVER;
import static io.surprisal.trainer.reservoir.ScoredPlaces.Answer.TAKEN;
import static io.surprisal.trainer.reservoir.ScoredPlaces.Answer.WAITS;
import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.trainer.reservoir.ReservoirImage.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoredPlacesTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant LATER = START.plus(ScoredPlaces.PATIENCE);

  @TempDir private Path folder;
  private Reservoir reservoir;
  private ScoredPlaces scored;

  @BeforeEach
  void open() throws IOException {
    reservoir =
        new Reservoir(folder, new ReservoirBounds(10, 10, 0.2, Duration.ofHours(1), 1L << 20));
    scored = new ScoredPlaces(reservoir, START);
  }

  @AfterEach
  void close() {
    reservoir.close();
  }

  private void restart() throws IOException {
    close();
    open();
  }

  private static Place at(long offset) {
    return new Place(0, offset);
  }

  /** The first release comes from them. */
  @Test
  void shouldTakeAllImagesAsLongAsNobodyScores() throws IOException {
    assertThat(scored.of(at(0), START)).isEqualTo(TAKEN);
    restart();
    assertThat(scored.of(at(7), START)).isEqualTo(TAKEN);
  }

  @Test
  void shouldTakeNoImageBeforeItsScoreFromTheFirstScoreOn() throws IOException {
    scored.scored(at(3), START);
    assertThat(scored.of(at(3), START)).isEqualTo(TAKEN);
    assertThat(scored.of(at(4), LATER.plusSeconds(3600))).isEqualTo(WAITS);
    scored.taken(List.of(at(3)));
    restart();
    assertThat(scored.of(at(4), LATER)).isEqualTo(WAITS);
    scored.scored(at(4), LATER);
    assertThat(scored.of(at(4), LATER)).isEqualTo(TAKEN);
  }

  /** A dead letter, or an image whose score is late by longer than any batch takes. */
  @Test
  void shouldPassOverImagesWhenLaterOnesHaveBeenScoredForAWhile() {
    scored.scored(at(5), START);
    assertThat(scored.of(at(4), LATER.minusMillis(1))).isEqualTo(WAITS);
    assertThat(scored.of(at(4), LATER)).isEqualTo(PASSED_OVER);
    assertThat(scored.of(at(5), LATER)).isEqualTo(TAKEN);
    assertThat(scored.of(at(6), LATER)).isEqualTo(WAITS);
    assertThat(scored.of(new Place(1, 4), LATER)).as("another partition").isEqualTo(WAITS);

    scored.scored(at(9), LATER);
    assertThat(scored.of(at(8), LATER)).isEqualTo(WAITS);
    Instant evenLater = LATER.plus(ScoredPlaces.PATIENCE);
    assertThat(scored.of(at(8), evenLater)).isEqualTo(PASSED_OVER);
  }

  @Test
  void shouldKnowScoresOfImagesThatWereNotReadAfterARestart() throws IOException {
    reservoir.add(List.of(), Map.of(0, 2L));
    scored.scored(at(1), START); // of an image that was read
    scored.scored(at(2), START);
    restart();
    assertThat(scored.of(at(2), START)).isEqualTo(TAKEN);
    assertThat(scored.of(at(1), START)).isEqualTo(WAITS);
    scored.taken(List.of(at(2)));
    restart();
    assertThat(scored.of(at(2), START)).isEqualTo(WAITS);
  }

  @Test
  void shouldSayWhenItHoldsAsManyPlacesAsItMay() {
    for (int offset = 0; offset < ScoredPlaces.MOST; offset++) {
      assertThat(scored.full()).isFalse();
      scored.scored(at(offset), START);
      scored.scored(at(offset), START); // read again
    }
    assertThat(scored.full()).isTrue();
    scored.taken(List.of(at(0)));
    assertThat(scored.full()).isFalse();
  }

  @Test
  void shouldForgetThePlacesOfATopicThatWasMadeAnew() throws IOException {
    scored.scored(at(500), START);
    assertThat(scored.of(at(0), LATER)).isEqualTo(PASSED_OVER);
    scored.anew(0);
    assertThat(scored.of(at(0), LATER)).isEqualTo(WAITS);
    restart();
    assertThat(scored.of(at(500), START)).isEqualTo(WAITS);
  }
}
