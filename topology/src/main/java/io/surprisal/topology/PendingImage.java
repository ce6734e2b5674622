package io.surprisal.topology;

import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.ImageLocation;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.streams.processor.api.Record;

/**
 * An image that was read and has no result in the output yet.
 *
 * @param record as it was read, for its dead letter
 * @param location where it lies
 * @param identity what the record says of the image; empty where that could not be read
 * @param likelihood of a rejected image: what is wrong with it
 */
record PendingImage(
    Record<byte[], byte[]> record,
    ImageLocation location,
    Optional<ImageIntake.Identity> identity,
    CompletableFuture<ImageLikelihood> likelihood) {

  static PendingImage submitted(
      Record<byte[], byte[]> record,
      ImageLocation location,
      ImageIntake.Identity identity,
      CompletableFuture<ImageLikelihood> likelihood) {
    return new PendingImage(record, location, Optional.of(identity), likelihood);
  }

  static PendingImage rejected(
      Record<byte[], byte[]> record, ImageLocation location, Exception reason) {
    return new PendingImage(
        record, location, Optional.empty(), CompletableFuture.failedFuture(reason));
  }

  /** What the record takes of the heap, nearly, in bytes. */
  int bytes() {
    return record.value() == null ? 0 : record.value().length;
  }

  /** The likelihood of a completed image. Waits where it is not. */
  ImageLikelihood result() throws Exception {
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
