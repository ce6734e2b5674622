package io.surprisal.topology.kafka;

/**
 * When results that somebody waits for are committed ahead of the interval. Shared by all tasks of
 * a stream thread, since under exactly-once processing a commit of one task commits all of them.
 * For that thread alone.
 */
public final class CommitPace {
  /** Results wait so long for others of their commit. */
  private static final long SHORTEST_MILLIS = 50;

  /** Where images have waited for longer than that, so does their commit: for a share of it. */
  private static final int SHARE_OF_AGE = 4;

  /** Older images find a commit each interval often enough. */
  static final long FRESH_MILLIS = (long) SHARE_OF_AGE * StreamSettings.COMMIT_INTERVAL_MILLIS;

  private static final long NEVER = Long.MIN_VALUE;

  /** When a task last asked for a commit. */
  private long asked = NEVER;

  /** Results of one task that are not committed yet. */
  public final class Results {
    private long since = NEVER;
    private long oldestMillis;

    /**
     * Tells of a result; of one whose image is not fresh, nothing is made.
     *
     * @param now milliseconds of the wall clock
     * @param ageMillis of its image
     */
    public void add(long now, long ageMillis) {
      if (ageMillis >= FRESH_MILLIS) {
        return;
      }
      forgetCommitted();
      since = since == NEVER ? now : since;
      oldestMillis = Math.max(oldestMillis, ageMillis);
    }

    /** Whether there are any, as far as is known. */
    public boolean present() {
      forgetCommitted();
      return since != NEVER;
    }

    /** Whether the task is to ask for a commit now; if so, the results count as committed. */
    public boolean commitDue(long now) {
      if (!present()) {
        return false;
      }
      long pause = Math.max(SHORTEST_MILLIS, oldestMillis / SHARE_OF_AGE);
      if (asked != NEVER && now - asked < pause) {
        return false;
      }
      asked = now;
      forget();
      return true;
    }

    /** What another task has asked a commit for since came with it. */
    private void forgetCommitted() {
      if (since != NEVER && asked > since) {
        forget();
      }
    }

    private void forget() {
      since = NEVER;
      oldestMillis = 0;
    }
  }

  /** For a task. */
  public Results results() {
    return new Results();
  }
}
