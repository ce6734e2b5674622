package io.surprisal.service.lab;

import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.decoding.DecodingLimits;
import io.surprisal.model.decoding.ImageDecoder;
import io.surprisal.model.decoding.ImageFormat;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.Interpretation;
import io.surprisal.model.images.Preprocessing;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import io.surprisal.service.cli.Failure;
import io.surprisal.service.options.ImageSource;
import io.surprisal.topology.records.DeadLetterReason;
import io.surprisal.topology.records.ImageIntake;
import io.surprisal.topology.records.NotScoredException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Looks at files as the stream does: made to the event that {@code publish} sends, read by the
 * scorers' own intake, taken by the release's preprocessing. For one thread.
 */
final class FileIdentifier {
  private static final String SOURCE = "identify";

  private final ImageIntake intake = new ImageIntake(DecodingLimits.defaults());
  private final Optional<Preprocessing> preprocessing;
  private final int maxImageBytes;

  /**
   * @param preprocessing of a release; empty: files are understood as by a new one
   * @param maxImageBytes the largest image that the topic takes
   */
  FileIdentifier(Optional<Preprocessing> preprocessing, int maxImageBytes) {
    this.preprocessing = preprocessing;
    this.maxImageBytes = maxImageBytes;
  }

  /** Looks at a file that was named by itself, which may be a data set. */
  Identification identify(Path file) {
    try {
      return identify(file, ImageSource.open(file));
    } catch (IOException e) {
      return Identification.refused(
          file.toString(), null, "UNREADABLE: " + Failure.of(e).message());
    }
  }

  /**
   * Looks at a file.
   *
   * @param images of a data set the first tells of all, since they have one shape
   */
  Identification identify(Path file, ImageSource images) {
    ImageEvent event;
    try {
      if (images.bytes(0) > maxImageBytes) {
        return Identification.refused(
            file.toString(),
            null,
            "LARGER_THAN_TOPIC: its %d bytes are more than topics for images of %d bytes take; see --max-image-bytes"
                .formatted(images.bytes(0), maxImageBytes));
      }
      event = images.event(0, SOURCE, Instant.EPOCH);
    } catch (ImageRejectedException e) {
      return Identification.refused(file.toString(), null, reason(e));
    } catch (IOException e) {
      return Identification.refused(
          file.toString(), null, "UNREADABLE: " + Failure.of(e).message());
    }
    DecodedImage decoded;
    try {
      decoded =
          intake.decode(
              null,
              event,
              preprocessing.map(Preprocessing::interpretation).orElseGet(Interpretation::usual));
    } catch (ImageRejectedException | NotScoredException e) {
      return Identification.refused(file.toString(), format(event), reason(e));
    }
    return taken(file, decoded);
  }

  private Identification taken(Path file, DecodedImage decoded) {
    if (preprocessing.isEmpty()) {
      return Identification.of(file.toString(), decoded, null, null);
    }
    try {
      preprocessing.get().apply(decoded.pixels());
      return Identification.of(
          file.toString(), decoded, null, preprocessing.get().becomes(decoded.pixels()));
    } catch (ImageRejectedException e) {
      return Identification.of(file.toString(), decoded, reason(e), null);
    }
  }

  private static String reason(Exception refused) {
    return DeadLetterReason.of(refused) + ": " + refused.getMessage();
  }

  private static @Nullable ImageFormat format(ImageEvent event) {
    if (event.getFormat() == BodyFormat.GRAY8 || event.getFormat() == BodyFormat.RGB8) {
      return ImageFormat.valueOf(event.getFormat().name());
    }
    byte[] body = new byte[event.getBody().remaining()];
    event.getBody().duplicate().get(body);
    try {
      return ImageDecoder.recognise(body);
    } catch (ImageRejectedException e) {
      return null; // the reason says what it is instead
    }
  }
}
