package io.surprisal.topology;

import io.surprisal.model.batching.DeviceFailedException;
import io.surprisal.model.batching.RetiredException;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.model.scoring.ImageLikelihood;
import io.surprisal.schemas.ImageLocation;
import io.surprisal.schemas.SchemaRegistryException;
import io.surprisal.topology.pending.PendingImage;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.records.NotScoredException;
import io.surprisal.topology.serving.ServedModel;
import io.surprisal.topology.serving.ShadowModel;
import io.surprisal.topology.serving.Shadowed;
import io.surprisal.topology.sources.FrameLook;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes images and hands them to the release that serves at that moment, and those of its share
 * to the candidate too. For one thread.
 */
final class ImageSubmitter {
  private static final Logger LOG = LoggerFactory.getLogger(ImageSubmitter.class);

  private final Supplier<ServedModel> models;
  private final Supplier<Optional<ShadowModel>> candidates;
  private final ImageIntake intake;
  private final StreamMeters meters;

  /**
   * @param models gives the one that serves now; another may at the next image
   * @param candidates gives the one that is tried now
   * @param limits what an encoded image may cost
   */
  ImageSubmitter(
      Supplier<ServedModel> models,
      Supplier<Optional<ShadowModel>> candidates,
      DecodingLimits limits,
      StreamMeters meters) {
    this.meters = meters;
    this.models = models;
    this.candidates = candidates;
    intake = new ImageIntake(limits);
  }

  /**
   * Takes an image.
   *
   * @return the image on its way through the model, or what is wrong with it
   * @throws DeviceFailedException if no image can be scored any more
   */
  PendingImage submit(Record<byte[], byte[]> image, ImageLocation location) {
    while (true) {
      ServedModel model = models.get();
      try {
        return submit(image, location, model);
      } catch (RetiredException e) {
        LOG.debug("Release {} has been retired meanwhile", model.releaseId(), e);
      }
    }
  }

  private PendingImage submit(
      Record<byte[], byte[]> image, ImageLocation location, ServedModel model) {
    try {
      long start = System.nanoTime();
      ImageIntake.Accepted accepted = intake.accept(image, model.preprocessing());
      long decoded = System.nanoTime();
      meters.decoded(decoded - start);
      CompletableFuture<ImageLikelihood> likelihood = model.scoring().submit(accepted.pixels());
      var unused =
          likelihood.thenAccept(
              done -> meters.evaluated(System.nanoTime() - decoded, done.evaluations()));
      return PendingImage.submitted(
          image,
          location,
          new PendingImage.Submission(
              accepted.identity(),
              accepted.decoded().repairs(),
              FrameLook.of(accepted.decoded().pixels()),
              model,
              shadowed(image, accepted, location, model)),
          likelihood);
    } catch (RetiredException e) {
      throw e;
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    } catch (DeviceFailedException | SchemaRegistryException e) {
      throw e; // no fault of the image
    } catch (Exception e) {
      return PendingImage.rejected(image, location, e);
    }
  }

  /** Hands an image of its share to the candidate too. */
  private Optional<Shadowed> shadowed(
      Record<byte[], byte[]> image,
      ImageIntake.Accepted accepted,
      ImageLocation location,
      ServedModel model) {
    ImageIntake.Identity identity = accepted.identity();
    return candidates
        .get()
        .filter(candidate -> candidate.takes(identity.source(), identity.name(location)))
        .map(candidate -> new Shadowed(candidate, offer(candidate, image, accepted, model)));
  }

  private Optional<CompletableFuture<ImageLikelihood>> offer(
      ShadowModel candidate,
      Record<byte[], byte[]> image,
      ImageIntake.Accepted accepted,
      ServedModel model) {
    Preprocessing own = candidate.preprocessing();
    boolean alike = own.interpretation().equals(model.preprocessing().interpretation());
    try {
      return candidate
          .scoring()
          .offer(
              alike ? own.apply(accepted.decoded().pixels()) : intake.accept(image, own).pixels());
    } catch (ImageRejectedException | NotScoredException e) {
      return Optional.of(CompletableFuture.failedFuture(e)); // which the serving release takes
    }
  }
}
