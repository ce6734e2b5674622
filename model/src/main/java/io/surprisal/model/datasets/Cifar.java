package io.surprisal.model.datasets;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The binary format of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): records of one label byte, or a
 * coarse and a fine one, and 3,072 samples, [3, 32, 32]. There is no header, so the length of the
 * file and the range of the labels tell the two apart.
 */
final class Cifar {

  private static final int SAMPLES = 3 * 32 * 32;

  private Cifar() {}

  static ImageDataset read(Path file, byte[] content) throws IOException {
    return read(file, content, 10)
        .or(() -> read(file, content, 20, 100))
        .orElseThrow(
            () ->
                new IOException(
                    "%s (%d bytes) is not a CIFAR file: those are records of 3,073 bytes (label below 10) or 3,074 bytes (labels below 20 and 100)"
                        .formatted(file, content.length)));
  }

  private static Optional<ImageDataset> read(Path file, byte[] content, int... labelsBelow) {
    int record = labelsBelow.length + SAMPLES;
    if (content.length == 0 || content.length % record != 0) {
      return Optional.empty();
    }
    for (int at = 0; at < content.length; at += record) {
      for (int i = 0; i < labelsBelow.length; i++) {
        if ((content[at + i] & 0xff) >= labelsBelow[i]) {
          return Optional.empty();
        }
      }
    }
    String name = String.valueOf(file.getFileName());
    return Optional.of(
        new ImageBlock(
            content.length / record,
            3,
            32,
            32,
            content,
            labelsBelow.length,
            false,
            i -> name + "#" + i));
  }
}
