package io.surprisal.trainer.reservoir;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Which images scorers have scored, so that no others are kept: what they refused, and what they
 * never saw, trains nothing. Images are read after their scores: one that has none waits in its
 * topic until it has one, or until a later image of its partition has had one for a while, since
 * scorers answer in nearly the order in which images came. So nothing is held in memory but the
 * places of scores whose images were not read yet, {@value #MOST} of them at most; they lie in the
 * reservoir too, so that a restart forgets none.
 *
 * <p>As long as there never was a score all images are taken: the first release is trained on them,
 * and scorers score nothing before it.
 *
 * <p>Not thread-safe.
 */
public final class ScoredPlaces {
  /** Some minutes of a busy stream; about 10 MB. */
  static final int MOST = 200_000;

  /** Longer than scorers take between one image and another that came just before it. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What becomes of an image. */
  public enum Answer {
    /** Its score was read, or nobody scores yet. */
    TAKEN,
    /** Scorers have passed it without a score. */
    PASSED_OVER,
    /** It is to be asked for again. */
    WAITS
  }

  private final Reservoir reservoir;
  private final Map<Integer, Partition> partitions = new HashMap<>();
  private boolean scoring;
  private int count;

  /**
   * @param reservoir stays the caller's
   * @param now from which on images may be passed over, after a while
   */
  public ScoredPlaces(Reservoir reservoir, Instant now) {
    this.reservoir = reservoir;
    scoring = reservoir.get(StoredForm.firstScore()).isPresent();
    reservoir.scan(StoredForm.scores(), (key, value) -> remember(StoredForm.place(key), now));
  }

  /** Of one partition of images. */
  private static final class Partition {
    private final NavigableSet<Long> scored = new TreeSet<>();

    /** Images up to this one have their scores by now, or will have none. */
    private long settled = -1;

    /** The greatest offset with a score when it was looked last, and when that was. */
    private long seen = -1;

    private Instant since = Instant.MAX;
    private long greatest = -1;

    private void add(long offset, Instant now) {
      scored.add(offset);
      greatest = Math.max(greatest, offset);
      if (seen < 0) {
        seen = greatest;
        since = now;
      }
    }

    private long settled(Instant now) {
      if (seen >= 0 && !now.isBefore(since.plus(PATIENCE))) {
        settled = seen;
        seen = greatest > settled ? greatest : -1;
        since = now;
      }
      return settled;
    }
  }

  /** Whether there ever was a score. */
  public boolean isScoring() {
    return scoring;
  }

  /** Whether no more scores should be read before images are. */
  public boolean full() {
    return count >= MOST;
  }

  /** The score of the image in a place was read. */
  public void scored(ReservoirImage.Place place, Instant now) {
    if (!scoring) {
      reservoir.put(StoredForm.firstScore(), StoredForm.number(now.toEpochMilli()));
      scoring = true;
    }
    long next = reservoir.position(place.partition()).orElse(0);
    if (place.offset() >= next && remember(place, now)) {
      reservoir.put(StoredForm.scored(place), StoredForm.number(now.toEpochMilli()));
    }
  }

  private boolean remember(ReservoirImage.Place place, Instant now) {
    Partition partition = partitions.computeIfAbsent(place.partition(), number -> new Partition());
    int before = partition.scored.size();
    partition.add(place.offset(), now);
    count += partition.scored.size() - before;
    return partition.scored.size() > before;
  }

  /** What becomes of the image in a place, the next one of its partition. */
  public Answer of(ReservoirImage.Place place, Instant now) {
    Partition partition = partitions.get(place.partition());
    if (!scoring || (partition != null && partition.scored.contains(place.offset()))) {
      return Answer.TAKEN;
    }
    return partition != null && place.offset() <= partition.settled(now)
        ? Answer.PASSED_OVER
        : Answer.WAITS;
  }

  /** Images were taken in, which is written: their scores are no longer of use. */
  public void taken(Collection<ReservoirImage.Place> places) {
    for (ReservoirImage.Place place : places) {
      Partition partition = partitions.get(place.partition());
      if (partition != null) {
        forget(place.partition(), partition.scored.headSet(place.offset(), true));
      }
    }
  }

  /** A topic was made anew: the offsets of a partition begin again. */
  public void anew(int number) {
    Partition partition = partitions.remove(number);
    if (partition != null) {
      forget(number, partition.scored);
    }
  }

  private void forget(int partition, NavigableSet<Long> offsets) {
    offsets.forEach(
        offset -> reservoir.remove(StoredForm.scored(new ReservoirImage.Place(partition, offset))));
    count -= offsets.size();
    offsets.clear();
  }
}
