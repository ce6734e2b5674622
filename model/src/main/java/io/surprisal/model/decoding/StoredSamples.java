package io.surprisal.model.decoding;

import java.util.Optional;

/**
 * How a file stores its picture.
 *
 * @param format of the file, or of raw pixels
 * @param channels of a pixel: 1 grey, 2 grey and alpha, 3 colour, 4 colour and a further one such
 *     as alpha or black; of a palette, those of its colours
 * @param bits of each channel; of a palette, those of its colours
 */
public record StoredSamples(ImageFormat format, int channels, int bits) {

  /**
   * What of them 8 bits in 1 or 3 channels do not hold, for people; empty: nothing. The fourth
   * channel of a JPEG is black, which its decoding works into the colours.
   */
  public Optional<String> beyondEightBits() {
    if (bits > Byte.SIZE) {
      return Optional.of(bits + " bits a sample, of which 8 would be kept");
    }
    boolean further = channels == 2 || channels == 4;
    return further && format != ImageFormat.JPEG
        ? Optional.of("an alpha or a fourth channel, which would not be kept")
        : Optional.empty();
  }
}
