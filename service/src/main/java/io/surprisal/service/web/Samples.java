package io.surprisal.service.web;

import io.surprisal.model.diffusion.AncestralSampler;
import io.surprisal.model.diffusion.DiffusionModel;
import io.surprisal.model.images.ImageGrid;
import io.surprisal.model.images.Png;
import io.surprisal.model.release.Release;
import io.surprisal.model.runtime.Execution;
import io.surprisal.schemas.ReleaseAnnouncement;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Samples of releases, drawn when somebody asks for them: those of one release at a time, on this
 * process's processors, which until then loads no network at all. The latest are kept. Thread-safe;
 * {@link #close} ends it, and waits for the step that is under way.
 */
final class Samples implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Samples.class);
  private static final int COUNT = 16;
  private static final int COLUMNS = 4;
  private static final int TIMESTEPS = 50;
  private static final long SEED = 1;
  private static final int KEPT = 16;

  /** A sample is drawn at least so large, pixels. */
  private static final int LEGIBLE = 112;

  /** Who wants more has {@code surprisal sample}. */
  private static final Duration LONGEST = Duration.ofMinutes(10);

  private final ReleaseShelf shelf;
  private final Map<String, byte[]> drawn = new Bounded<>(KEPT);
  private final Map<String, String> troubles = new Bounded<>(KEPT);
  private @Nullable Drawing current;
  private boolean ended;

  /** Samples that are being drawn. */
  private static final class Drawing {
    private final String releaseId;
    private final long began = System.nanoTime();
    private volatile long steps;
    private volatile boolean cancelled;
    private @Nullable Thread thread;

    Drawing(String releaseId) {
      this.releaseId = releaseId;
    }

    double seconds() {
      return (System.nanoTime() - began) / 1e9;
    }

    boolean isToStop() {
      return cancelled || seconds() > LONGEST.toSeconds();
    }
  }

  /**
   * @param shelf stays the caller's
   */
  Samples(ReleaseShelf shelf) {
    this.shelf = shelf;
  }

  /**
   * Begins to draw, unless they are there or being drawn.
   *
   * @return how far it is
   * @throws RefusedException if the release is not announced, or those of another are being drawn
   */
  synchronized Map<String, Object> draw(String releaseId) {
    ReleaseAnnouncement announced = shelf.announcement(releaseId);
    if (current != null && !current.releaseId.equals(releaseId)) {
      throw new RefusedException(
          409,
          "samples of release "
              + current.releaseId.substring(0, 12)
              + " are being drawn; wait for them, or stop them");
    }
    if (current == null && !drawn.containsKey(releaseId) && !ended) {
      troubles.remove(releaseId);
      Drawing drawing = new Drawing(releaseId);
      current = drawing;
      Thread thread = new Thread(() -> run(drawing, announced), "surprisal-dashboard-samples");
      drawing.thread = thread;
      thread.start();
    }
    return state(releaseId);
  }

  private void run(Drawing drawing, ReleaseAnnouncement announced) {
    Optional<byte[]> picture = Optional.empty();
    String trouble = "";
    try {
      picture = picture(shelf.fetch(announced), drawing);
      if (picture.isEmpty()) {
        trouble =
            drawing.cancelled
                ? "stopped"
                : "given up after %d min; 'surprisal sample' draws them"
                    .formatted(LONGEST.toMinutes());
      }
    } catch (IOException | RefusedException e) {
      trouble = String.valueOf(ReleaseShelf.refused(e).getMessage());
    } catch (RuntimeException e) {
      LOG.warn("samples of release {} cannot be drawn", drawing.releaseId, e);
      trouble = "they cannot be drawn here; the dashboard's log says why";
    }
    synchronized (this) {
      picture.ifPresent(png -> drawn.put(drawing.releaseId, png));
      if (!trouble.isEmpty()) {
        troubles.put(drawing.releaseId, trouble);
      }
      current = null;
    }
  }

  private static Optional<byte[]> picture(Release release, Drawing drawing) {
    List<AncestralSampler.Sample> samples;
    try (DiffusionModel model =
        new DiffusionModel(release.configuration(), release.parameters(), Execution.CPU)) {
      samples =
          new AncestralSampler(model, TIMESTEPS, SEED, true)
              .sample(COUNT, 0, steps -> drawing.steps = steps, drawing::isToStop);
    }
    if (samples.size() < COUNT) {
      return Optional.empty();
    }
    int side = Math.min(release.configuration().height(), release.configuration().width());
    ImageGrid grid = new ImageGrid(COLUMNS, Math.max(1, (LEGIBLE + side - 1) / side));
    return Optional.of(
        Png.bytes(grid.arrange(samples.stream().map(AncestralSampler.Sample::image).toList())));
  }

  /** How far they are, for JSON: drawn, being drawn, or why not. */
  synchronized Map<String, Object> state(String releaseId) {
    Optional<Drawing> drawing =
        Optional.ofNullable(current).filter(now -> now.releaseId.equals(releaseId));
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("drawn", drawn.containsKey(releaseId));
    state.put("drawing", drawing.isPresent());
    state.put("count", COUNT);
    state.put("timesteps", TIMESTEPS);
    state.put("steps", (long) COUNT * TIMESTEPS);
    state.put("done", drawing.map(now -> now.steps));
    state.put("seconds", drawing.map(Drawing::seconds));
    state.put("trouble", troubles.get(releaseId));
    return state;
  }

  /** Stops what is being drawn, before its next step. */
  synchronized void cancel() {
    if (current != null) {
      current.cancelled = true;
    }
  }

  /**
   * The samples as one picture, PNG.
   *
   * @throws RefusedException if they have not been drawn
   */
  synchronized byte[] png(String releaseId) {
    return Optional.ofNullable(drawn.get(releaseId))
        .orElseThrow(() -> new RefusedException(404, "its samples have not been drawn"));
  }

  @Override
  public void close() {
    Thread drawing;
    synchronized (this) {
      ended = true;
      cancel();
      drawing = current == null ? null : current.thread;
    }
    if (drawing != null) {
      try {
        drawing.join(); // whoever ends the process while a network computes, ends it by a crash
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
