package io.surprisal.model.decoding;

import io.surprisal.model.images.PixelImage;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * The pixels of a file, and what it took to get them.
 *
 * @param pixels as the file shows them
 * @param stored as the file stores them
 * @param repairs in the order of {@link Repair}; none for a file that is as it should be
 */
public record DecodedImage(PixelImage pixels, StoredSamples stored, Set<Repair> repairs) {

  public DecodedImage {
    EnumSet<Repair> sorted = EnumSet.noneOf(Repair.class);
    sorted.addAll(repairs);
    repairs = Collections.unmodifiableSet(sorted);
  }
}
