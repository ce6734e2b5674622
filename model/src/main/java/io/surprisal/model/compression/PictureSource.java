package io.surprisal.model.compression;

import java.util.Optional;

/** Pictures to compress, in order. Asked by one thread. */
public interface PictureSource {

  /** How many there are. */
  int size();

  /** A picture; empty if it cannot be used after all, which has been said. */
  Optional<ArchivedPicture> picture(int index);
}
