package io.surprisal.topology.pending;

import io.surprisal.model.decoding.Repair;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.serving.Shadowed;
import io.surprisal.topology.sources.FrameLook;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.streams.processor.api.Record;

/**
 * An image that was read and has no result in the output yet.
 *
 * @param record as it was read, for its dead letter
 * @param location where it lies
 * @param submission of an image that could be read; empty for all others
 * @param likelihood of a rejected image: what is wrong with it
 */
public record PendingImage(
    Record<byte[], byte[]> record,
    ImageLocation location,
    Optional<Submission> submission,
    CompletableFuture<ImageLikelihood> likelihood) {

  /**
   * An image on its way through a model.
   *
   * @param identity what the record says of the image
   * @param repairs of its file
   * @param look of its pixels
   * @param model that scores it, whatever serves when it is done
   * @param shadowed what the candidate makes of it; empty where there is none, or it is not of its
   *     share
   */
  public record Submission(
      ImageIntake.Identity identity,
      Set<Repair> repairs,
      FrameLook look,
      ServedModel model,
      Optional<Shadowed> shadowed) {}

  public static PendingImage submitted(
      Record<byte[], byte[]> record,
      ImageLocation location,
      Submission submission,
      CompletableFuture<ImageLikelihood> likelihood) {
    return new PendingImage(record, location, Optional.of(submission), likelihood);
  }

  public static PendingImage rejected(
      Record<byte[], byte[]> record, ImageLocation location, Exception reason) {
    return new PendingImage(
        record, location, Optional.empty(), CompletableFuture.failedFuture(reason));
  }

  /** What the record takes of the heap, nearly, in bytes. */
  int bytes() {
    return record.value() == null ? 0 : record.value().length;
  }

  /** Gives the image up. */
  public void cancel() {
    likelihood.cancel(false);
    submission.flatMap(Submission::shadowed).ifPresent(Shadowed::cancel);
  }

  /** The likelihood of a completed image. Waits where it is not. */
  public ImageLikelihood result() throws Exception {
    try {
      return likelihood.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (Exception) e.getCause();
    }
  }
}
