package io.surprisal.service.lab;

import io.surprisal.model.decoding.DecodedImage;
import io.surprisal.model.decoding.ImageFormat;
import io.surprisal.model.decoding.Repair;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the stream would make of a file; the fields of {@code identify --json}.
 *
 * @param file its path
 * @param format of those that are read; of data sets, what their images are sent as; null: of none
 * @param width columns as the stream sees them, turned upright where the release does so; null
 *     where the file does not decode
 * @param height rows, likewise
 * @param channels as the file stores them, of a palette those of its colours; null likewise
 * @param bits of each channel as the file stores it; null likewise
 * @param repairs what had to be mended; none where the file does not decode
 * @param reason code and sentence of its dead letter; null where accepted
 * @param becomes what the release makes of it; null where refused, or no release was named
 */
record Identification(
    String file,
    boolean accepted,
    @Nullable ImageFormat format,
    @Nullable Integer width,
    @Nullable Integer height,
    @Nullable Integer channels,
    @Nullable Integer bits,
    Set<Repair> repairs,
    @Nullable String reason,
    @Nullable String becomes) {

  /** Of a file that does not decode. */
  static Identification refused(String file, @Nullable ImageFormat format, String reason) {
    return new Identification(file, false, format, null, null, null, null, Set.of(), reason, null);
  }

  /** Of a file that decodes, whatever a release says. */
  static Identification of(
      String file, DecodedImage decoded, @Nullable String reason, @Nullable String becomes) {
    return new Identification(
        file,
        reason == null,
        decoded.stored().format(),
        decoded.pixels().width(),
        decoded.pixels().height(),
        decoded.stored().channels(),
        decoded.stored().bits(),
        decoded.repairs(),
        reason,
        becomes);
  }

  /** In pixels. */
  String size() {
    return width != null ? width + "×" + height : "";
  }

  /** As stored. */
  String samples() {
    return channels != null ? channels + " × " + bits + " bits" : "";
  }

  /** The rest, for people. */
  String verdict() {
    if (!accepted) {
      return "refused: " + reason;
    }
    String mended =
        repairs.isEmpty()
            ? "accepted"
            : repairs.stream()
                .map(String::valueOf)
                .collect(Collectors.joining(", ", "repaired (", ")"));
    return becomes == null ? mended : mended + ": " + becomes;
  }
}
