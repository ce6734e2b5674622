package io.surprisal.model.batching;

import io.surprisal.model.images.PixelImage;
import io.surprisal.model.scoring.ImageEvaluation;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.model.scoring.ImageScorer;
import io.surprisal.model.scoring.SecondLook;
import io.surprisal.model.scoring.StoppingRule;
import java.time.Duration;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Images of one caller: one scorer, one rule. Who uses it is counted by its {@link BatchQueue},
 * under that one's lock.
 */
final class Lane {
  private final ImageScorer scorer;
  private final StoppingRule rule;

  /** Where its images wait. */
  private final Deque<WaitingImage> line;

  /** Callers that are handing an image in. */
  private int entering;

  /** Batches that workers have taken. */
  private int batches;

  private boolean retired;

  Lane(ImageScorer scorer, StoppingRule rule, Deque<WaitingImage> line) {
    this.scorer = scorer;
    this.rule = rule;
    this.line = line;
  }

  ImageScorer scorer() {
    return scorer;
  }

  StoppingRule rule() {
    return rule;
  }

  Deque<WaitingImage> line() {
    return line;
  }

  boolean retired() {
    return retired;
  }

  void retire() {
    retired = true;
  }

  void enter() {
    entering++;
  }

  void leave() {
    entering--;
  }

  void batchTaken() {
    batches++;
  }

  void batchDone() {
    batches--;
  }

  boolean inUse() {
    return entering > 0 || batches > 0 || line.stream().anyMatch(image -> image.lane() == this);
  }

  /** A lane whose callers wait for their images. */
  record Awaited(BatchQueue queue, Lane lane) implements TileLine {
    @Override
    public CompletableFuture<ImageLikelihood> submit(
        PixelImage image, Consumer<ImageEvaluation> begun) throws InterruptedException {
      return queue.submit(lane, image, begun);
    }

    @Override
    public Optional<SecondLook> secondLook() {
      return lane.scorer.secondLook();
    }

    @Override
    public List<CompletableFuture<ImageLikelihood>> again(List<ImageEvaluation> tiles) {
      return queue.again(lane, tiles);
    }

    @Override
    public boolean retire(Duration timeout) throws InterruptedException {
      return queue.retire(lane, timeout);
    }
  }

  /** A lane of images that nobody waits for. */
  record Spare(BatchQueue queue, Lane lane) implements SpareLane, SecondLooks {
    @Override
    public Optional<CompletableFuture<ImageLikelihood>> offer(PixelImage image) {
      return offerAll(List.of(image), evaluation -> {}).map(scores -> scores.get(0));
    }

    /**
     * Hands in images that belong together: either all are taken or none.
     *
     * @param begun is given their evaluations in their order
     */
    Optional<List<CompletableFuture<ImageLikelihood>>> offerAll(
        List<PixelImage> images, Consumer<ImageEvaluation> begun) {
      return queue.offerAll(lane, images, begun);
    }

    @Override
    public Optional<SecondLook> secondLook() {
      return lane.scorer.secondLook();
    }

    @Override
    public List<CompletableFuture<ImageLikelihood>> again(List<ImageEvaluation> tiles) {
      return queue.again(lane, tiles);
    }

    @Override
    public boolean retire(Duration timeout) throws InterruptedException {
      queue.giveUpSpare(image -> image.lane() == lane);
      return queue.retire(lane, timeout);
    }
  }
}
