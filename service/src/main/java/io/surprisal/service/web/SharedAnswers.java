package io.surprisal.service.web;

import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Answers that many pages ask for at the same moment, each worked out once. An answer serves again
 * as long as it knows all that any page has been told of: whatever it lacks, pages are still to be
 * told of, and ask again then. Thread-safe.
 */
final class SharedAnswers {
  private static final int MOST = 16;
  private static final Duration OLDEST = Duration.ofSeconds(1);

  private final Version version;
  private final LongSupplier told;
  private final Bounded<String, Kept> all = new Bounded<>(MOST);

  /** How much has changed so far. */
  @FunctionalInterface
  interface Version {
    long now() throws InterruptedException;
  }

  /** Works an answer out. */
  @FunctionalInterface
  interface Work {
    Answer answer() throws InterruptedException;
  }

  /** The last answer to a question; whoever holds its lock works out another. */
  private static final class Kept {
    private Optional<Answer> answer = Optional.empty();
    private long version;
    private long at;
  }

  /**
   * @param told of how many changes any page has been told
   */
  SharedAnswers(Version version, LongSupplier told) {
    this.version = version;
    this.told = told;
  }

  /**
   * The answer to a question.
   *
   * @throws RefusedException if it cannot be answered, as the work says
   */
  Answer answer(String question, Work work) throws InterruptedException {
    Kept kept;
    synchronized (all) {
      kept = Optional.ofNullable(all.get(question)).orElseGet(Kept::new);
      all.renew(question, kept);
    }
    synchronized (kept) {
      if (kept.answer.isEmpty()
          || kept.version < told.getAsLong()
          || System.nanoTime() - kept.at > OLDEST.toNanos()) {
        long before = version.now();
        kept.answer = Optional.of(work.answer());
        kept.version = before;
        kept.at = System.nanoTime();
      }
      return kept.answer.get();
    }
  }
}
