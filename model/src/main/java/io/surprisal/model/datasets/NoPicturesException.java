package io.surprisal.model.datasets;

import java.io.IOException;
import java.nio.file.Path;

/** A folder was named that holds no picture file. */
public final class NoPicturesException extends IOException {
  private static final long serialVersionUID = 1L;

  NoPicturesException(Path folder, PassedOver passedOver) {
    super(
        "%s holds no %s file%s; name IDX and CIFAR files one by one"
            .formatted(
                folder,
                PictureFolder.endings(),
                passedOver.isEmpty() ? "" : ", but " + passedOver));
  }
}
