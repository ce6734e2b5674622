package io.surprisal.topology.sources;

import static org.assertj.core.api.Assertions.assertThat;

import io.surprisal.schemas.SourceAspect;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StillnessTest {

  private static final WatchRules RULES = WatchRules.usual();

  private final Random random = new Random(1);
  private Stillness stillness = Stillness.UNKNOWN;
  private long now;

  private void send(FrameLook look) {
    now += 1000;
    stillness = stillness.with(look, new Moment(now, now));
  }

  private FrameLook look(int digest, double sigma) {
    byte[] samples = new byte[FrameLook.SAMPLES];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (byte) Math.round(100 + i + sigma * random.nextGaussian());
    }
    return new FrameLook(digest, samples, 100, 5, 10);
  }

  private OptionalDouble limit() {
    return stillness.limit(RULES, now);
  }

  @Test
  void shouldCountEqualPicturesOfALiveCamera() {
    for (int i = 0; i < 100; i++) {
      send(look(i, 2));
    }
    assertThat(stillness.still()).isFalse();
    assertThat(limit()).hasValue(10);

    FrameLook stuck = look(1000, 2);
    for (int i = 0; i < 25; i++) {
      send(stuck);
    }
    assertThat(stillness.run()).isEqualTo(25);
    assertThat(stillness.since()).isEqualTo(101_000);
    assertThat(stillness.aspect()).isEqualTo(SourceAspect.SAME_PIXELS);
    send(look(1001, 2));
    assertThat(stillness.run()).isEqualTo(1);
  }

  @Test
  void shouldCountNearCopiesOfACameraWhosePicturesDiffer() {
    for (int i = 0; i < 100; i++) {
      send(look(i, 2));
    }
    for (int i = 0; i < 20; i++) {
      send(look(1000 + i, 0)); // the same picture, other bytes
    }

    assertThat(stillness.run()).isEqualTo(20);
    assertThat(stillness.aspect()).isEqualTo(SourceAspect.NEAR_COPIES);
  }

  /** Compressed so much that successive pictures of a still scene hardly differ, if never equal. */
  @Test
  void shouldTakeNoPictureForACopyWhereAllAreNearlySo() {
    for (int i = 0; i < 1000; i++) {
      send(look(i, 0.1));
    }

    assertThat(stillness.still()).isFalse();
  }

  @Test
  void shouldKnowNoLimitOfASourceThatNeverChanges() {
    for (int i = 0; i < 1000; i++) {
      send(look(7, 0));
    }

    assertThat(limit()).isEmpty();
  }

  @Test
  void shouldWaitThreeTimesAsLongAsASourceHasBeenStillTwice() {
    for (int i = 0; i < 25_000; i++) {
      send(look(i / 100, 0));
    }
    assertThat(limit()).hasValue(300);
  }
}
