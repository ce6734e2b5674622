package io.surprisal.service.web;

import io.surprisal.handover.ReleaseFetcher;
import io.surprisal.handover.TrustedKeys;
import io.surprisal.model.release.Release;
import io.surprisal.schemas.ReleaseAnnouncement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Releases that are announced, opened when a page wants to know what is in them: one at a time, on
 * a thread of its own, since a file may be large. What pages show of the latest is kept, the files
 * are not. Thread-safe; {@link #close} ends it.
 */
final class ReleaseShelf implements AutoCloseable {
  private static final int MOST = 64;
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  /** What could not be opened is tried again after it. */
  private static final Duration AGAIN = Duration.ofSeconds(20);

  /** Of the heap, so that a file, its numbers and a copy of these find room. */
  private static final int SHARE_OF_HEAP = 4;

  private final View view;
  private final ReleaseFetcher fetcher;
  private final Path folder;
  private final Map<String, Reading> readings = new Bounded<>(MOST);
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread made = new Thread(work, "surprisal-dashboard-releases");
            made.setDaemon(true);
            return made;
          });

  private record Reading(CompletableFuture<ReleaseFacts> facts, long since) {
    boolean isToBeTriedAgain() {
      return facts.isCompletedExceptionally() && System.nanoTime() - since > AGAIN.toNanos();
    }
  }

  /**
   * @param client properties of Kafka's clients, the broker among them
   * @param folder for releases that come through Kafka, while they are opened; made then, and
   *     deleted at the end
   * @param store where files of releases lie, whatever an announcement says; empty: where it says
   * @param chunksTopic of releases that come through Kafka
   */
  ReleaseShelf(
      View view,
      Map<String, Object> client,
      Path folder,
      Optional<Path> store,
      String chunksTopic) {
    this.view = view;
    this.folder = folder;
    fetcher = new ReleaseFetcher(client, folder, TrustedKeys.NOBODY_ASKED, store, chunksTopic);
  }

  /**
   * What is in a release.
   *
   * @throws RefusedException if it cannot be opened, or not yet
   */
  ReleaseFacts facts(String releaseId) throws InterruptedException {
    ReleaseAnnouncement announced = announcement(releaseId);
    CompletableFuture<ReleaseFacts> facts;
    synchronized (readings) {
      Reading reading = readings.get(releaseId);
      if (reading == null || reading.isToBeTriedAgain()) {
        reading = new Reading(new CompletableFuture<>(), System.nanoTime());
        readings.put(releaseId, reading);
        CompletableFuture<ReleaseFacts> asked = reading.facts();
        thread.execute(() -> open(announced, asked));
      }
      facts = reading.facts();
    }
    try {
      return facts.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new RefusedException(503, "the release is still being read; look again in a moment");
    } catch (ExecutionException e) {
      throw refused(Optional.<Throwable>ofNullable(e.getCause()).orElse(e));
    }
  }

  private void open(ReleaseAnnouncement announced, CompletableFuture<ReleaseFacts> facts) {
    try {
      facts.complete(ReleaseFacts.of(fetch(announced)));
    } catch (IOException | RuntimeException e) {
      facts.completeExceptionally(e);
    } catch (OutOfMemoryError e) {
      facts.completeExceptionally(
          new RefusedException(
              503, "there is too little memory for the release; give more by SURPRISAL_HEAP"));
    }
    view.opened();
  }

  /**
   * What was announced of a release.
   *
   * @throws RefusedException if nothing was
   */
  ReleaseAnnouncement announcement(String releaseId) {
    return view.release(releaseId)
        .orElseThrow(
            () ->
                new RefusedException(
                    404, "the release was not announced, so what is in it is not known here"));
  }

  /**
   * The release itself, which nobody keeps here.
   *
   * @throws RefusedException if it is too large for this process
   * @throws IOException if its file is not there, or not what was announced
   */
  synchronized Release fetch(ReleaseAnnouncement announced) throws IOException {
    long most = Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP;
    if (announced.getSizeBytes() > most) {
      throw new RefusedException(
          503,
          "the release has %d bytes and there is room for %d here; give more by SURPRISAL_HEAP"
              .formatted(announced.getSizeBytes(), most));
    }
    try {
      return fetcher.fetch(announced);
    } finally {
      fetcher.forget(announced.getReleaseId());
    }
  }

  /** Why a release could not be opened, as an answer. */
  static RefusedException refused(Throwable cause) {
    if (cause instanceof RefusedException refused) {
      return refused;
    }
    if (cause instanceof NoSuchFileException) {
      return new RefusedException(
          503,
          "the release's file is not on this machine ("
              + cause.getMessage()
              + "); name the store's directory by --store");
    }
    return new RefusedException(503, "the release cannot be opened: " + cause.getMessage());
  }

  @Override
  public void close() throws IOException {
    thread.shutdownNow();
    Files.deleteIfExists(folder);
  }
}
