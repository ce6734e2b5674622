package io.surprisal.topology.sources;

import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * A camera that sends on its own, with what real ones do: jitter, hiccups of the network, noise of
 * the sensor, daylight, clouds, content that changes.
 */
final class SimulatedCamera {

  static final long SECOND = 1000;
  static final long MINUTE = 60 * SECOND;
  static final long HOUR = 60 * MINUTE;
  static final long DAY = 24 * HOUR;

  /** When images come. */
  enum Timing {
    /** Every so often, a tenth more or less, at times up to a minute late. */
    REGULAR,
    /** Whenever something passes: independent of each other (exponential pauses). */
    RANDOM
  }

  /** What is before the camera. */
  enum Scene {
    /**
     * Outdoors in colour: daylight from 6 to 18 with dusk and dawn of an hour and a half, clouds.
     */
    OUTDOORS,
    /** Parts on a belt, each of another brightness. */
    BELT,
    /** A still room, lit always. */
    ROOM,
    /** A drawn picture that changes every five minutes: no sensor, equal bytes between changes. */
    SCREEN,
    /** A picture that never changes. */
    POSTER
  }

  final String name;
  private final long interval;
  private final Timing timing;
  private final Scene scene;
  private final double repaired;
  private final double broken;
  private final SplittableRandom random;
  private final int[] content = new int[FrameLook.SAMPLES];

  private double cloud;
  private long drawn;

  /** From when to when it sends nothing. */
  long unpluggedFrom = Long.MAX_VALUE;

  long pluggedAgain = Long.MAX_VALUE;

  /** From when to when it sends the same picture. */
  long frozenFrom = Long.MAX_VALUE;

  long alive = Long.MAX_VALUE;

  /** Whether a frozen picture has a clock drawn into it, and is compressed anew. */
  boolean clockInPicture;

  /** From when to when its pictures have no colour. */
  long greyFrom = Long.MAX_VALUE;

  long colourAgain = Long.MAX_VALUE;

  /** From when on its lens is out of focus. */
  long blurredFrom = Long.MAX_VALUE;

  /** From when on its files are broken. */
  long brokenFrom = Long.MAX_VALUE;

  private Optional<FrameLook> stuck = Optional.empty();

  SimulatedCamera(
      String name,
      long interval,
      Timing timing,
      Scene scene,
      double repaired,
      double broken,
      long seed) {
    this.name = name;
    this.interval = interval;
    this.timing = timing;
    this.scene = scene;
    this.repaired = repaired;
    this.broken = broken;
    random = new SplittableRandom(seed);
    for (int i = 0; i < content.length; i++) {
      content[i] = 40 + random.nextInt(160);
    }
  }

  /** When the next image comes after one. */
  long next(long now) {
    double pause =
        timing == Timing.RANDOM
            ? -Math.log(1 - random.nextDouble()) * interval
            : interval * (0.9 + 0.2 * random.nextDouble())
                + (random.nextInt(5000) == 0 ? random.nextDouble() * MINUTE : 0);
    long next = now + Math.max(1, Math.round(pause));
    return next >= unpluggedFrom && next < pluggedAgain ? pluggedAgain : next;
  }

  Observation image(long now, int partition) {
    boolean dead = now >= brokenFrom || random.nextDouble() < broken;
    return new Observation(
        partition,
        now - 50 - random.nextInt(200),
        now,
        random.nextInt(100) == 0,
        random.nextDouble() < repaired,
        dead ? Optional.empty() : Optional.of(look(now)));
  }

  private FrameLook look(long now) {
    if (now >= frozenFrom && now < alive) {
      FrameLook same = stuck.orElseGet(() -> live(now));
      stuck = Optional.of(same);
      return clockInPicture ? withClock(same) : same;
    }
    stuck = Optional.empty();
    return live(now);
  }

  /** Another time in the same picture: a few pixels differ, and the bytes of the file. */
  private FrameLook withClock(FrameLook same) {
    byte[] samples = same.samples().clone();
    for (int i = 0; i < 5; i++) {
      samples[i * 7] = (byte) random.nextInt(256);
    }
    return new FrameLook(random.nextInt(), samples, same.exposure(), same.focus(), same.colour());
  }

  private FrameLook live(long now) {
    return switch (scene) {
      case OUTDOORS -> outdoors(now);
      case BELT -> {
        double part = 60 + 120 * random.nextDouble();
        yield noisy(part / 120, part, 9 + 4 * random.nextDouble(), 20, now);
      }
      case ROOM -> noisy(1, 110, 7, 12, now);
      case SCREEN -> {
        long picture = now / (5 * MINUTE);
        drawn = picture;
        yield new FrameLook((int) drawn, drawnSamples(drawn), 100 + drawn % 7, 12, 30);
      }
      case POSTER -> new FrameLook(1, drawnSamples(1), 90, 12, 30);
    };
  }

  private static byte[] drawnSamples(long seed) {
    byte[] samples = new byte[FrameLook.SAMPLES];
    new Random(seed).nextBytes(samples);
    return samples;
  }

  private FrameLook outdoors(long now) {
    double hour = (double) (now % DAY) / HOUR;
    double sun = clamp((hour - 5.25) / 1.5) * clamp((18.75 - hour) / 1.5);
    cloud += 0.02 * (random.nextDouble() - 0.5) - 0.002 * cloud;
    double light = (0.1 + 0.9 * sun) * (1 - 0.3 * clamp(0.5 + cloud));
    // At night the gain of the sensor makes up for some of the light, and its noise is detail.
    return noisy(light, 15 + 115 * light, 4 + 5 * light, 2 + 26 * light, now);
  }

  private FrameLook noisy(double light, double exposure, double focus, double colour, long now) {
    byte[] samples = new byte[FrameLook.SAMPLES];
    for (int i = 0; i < samples.length; i++) {
      long bits = random.nextLong();
      int noise = Long.bitCount(bits & 0xffff) - Long.bitCount(bits & 0xffff0000L); // σ = 2.8
      samples[i] = (byte) Math.max(0, Math.min(255, content[i] * light + noise));
    }
    boolean grey = now >= greyFrom && now < colourAgain;
    return new FrameLook(
        random.nextInt(),
        samples,
        (float) Math.max(0, Math.min(255, exposure * (1 + 0.04 * (random.nextDouble() - 0.5)))),
        (float) ((now >= blurredFrom ? 0.3 : 1) * focus * (1 + 0.1 * random.nextDouble())),
        grey ? 0 : (float) (colour * (1 + 0.1 * random.nextDouble())));
  }

  private static double clamp(double share) {
    return Math.max(0, Math.min(1, share));
  }
}
