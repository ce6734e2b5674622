package io.surprisal.topology.pending;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * The images of one partition that wait for their results, in the order of their offsets. Bounded
 * in number and in bytes by its owner, who asks {@link #full} before each image. For one thread.
 */
public final class PendingImages {

  private final int mostImages;
  private final long mostBytes;
  private final Deque<PendingImage> images = new ArrayDeque<>();
  private long bytes;

  /**
   * @param mostImages number of images at which it is full, at least 1
   * @param mostBytes bytes of records at which it is full, at least 1
   */
  public PendingImages(int mostImages, long mostBytes) {
    this.mostImages = mostImages;
    this.mostBytes = mostBytes;
  }

  public boolean full() {
    return images.size() >= mostImages || bytes >= mostBytes;
  }

  /** Whether the oldest image has its result. */
  public boolean headCompleted() {
    return !images.isEmpty() && images.peek().likelihood().isDone();
  }

  /** The oldest image; stays. */
  public PendingImage head() {
    return images.element();
  }

  /** Takes the oldest image out. */
  public PendingImage removeHead() {
    PendingImage head = images.remove();
    bytes -= head.bytes();
    return head;
  }

  public void add(PendingImage image) {
    images.add(image);
    bytes += image.bytes();
  }

  /** Where the images lie; empty if there are none. */
  public Optional<PendingRange> range() {
    return images.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new PendingRange(
                images.getFirst().location().getOffset(),
                images.getLast().location().getOffset(),
                images.size()));
  }

  /** Gives all images up. */
  public void abandon() {
    images.forEach(PendingImage::cancel);
    images.clear();
    bytes = 0;
  }
}
