package io.surprisal.model.batching;

/** An image was handed in for a release that serves no more; the one after it takes the image. */
public final class RetiredException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  RetiredException() {
    super("the release serves no more");
  }
}
