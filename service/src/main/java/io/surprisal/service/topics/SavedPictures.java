package io.surprisal.service.topics;

import io.surprisal.model.decoding.ImageDecoder;
import io.surprisal.model.decoding.ImageFormat;
import io.surprisal.model.images.ImageRejectedException;
import io.surprisal.model.images.PixelImage;
import io.surprisal.model.images.Png;
import io.surprisal.schemas.BodyFormat;
import io.surprisal.schemas.ImageEvent;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Writes the pictures of dead letters into a folder. A name has the letter's place in its topic and
 * what is plain of the picture's own name; nothing that a record says leads out of the folder, and
 * no file is written over.
 */
final class SavedPictures {
  private static final int LONGEST_NAME = 80;

  /** Endings that are kept though the file is not read; of no kind that anything would run. */
  private static final Set<String> OTHER_PICTURES =
      Set.of("webp", "gif", "heic", "heif", "avif", "jp2", "jxl", "fits", "dcm");

  private final Path folder;

  SavedPictures(Path folder) {
    this.folder = folder;
  }

  /**
   * Writes a letter's picture; where the same file lies there already, nothing.
   *
   * @return where it lies; empty where the letter has no picture, or a part of one
   */
  Optional<Path> save(Letter letter) throws IOException {
    if (letter.isCut()) {
      return Optional.empty();
    }
    Optional<byte[]> picture = picture(letter);
    return picture.isPresent()
        ? Optional.of(write(name(letter), ending(letter, picture.get()), picture.get()))
        : Optional.empty();
  }

  /** The file that was sent, or raw pixels as PNG; also of a producer that forgot the envelope. */
  private static Optional<byte[]> picture(Letter letter) {
    if (letter.image().isEmpty()) {
      return Optional.ofNullable(letter.record().value())
          .filter(value -> format(value).isPresent());
    }
    ImageEvent image = letter.image().get();
    byte[] body = new byte[image.getBody().remaining()];
    image.getBody().duplicate().get(body);
    int channels =
        image.getFormat() == BodyFormat.GRAY8 ? 1 : image.getFormat() == BodyFormat.RGB8 ? 3 : 0;
    long pixels = (long) image.getWidth() * image.getHeight();
    if (body.length == 0) {
      return Optional.empty();
    }
    if (channels == 0 || image.getWidth() < 1 || body.length != channels * pixels) {
      return Optional.of(body);
    }
    return Optional.of(
        Png.bytes(PixelImage.ofInterleaved(channels, image.getHeight(), image.getWidth(), body)));
  }

  private static Optional<ImageFormat> format(byte[] file) {
    try {
      return Optional.of(ImageDecoder.recognise(file));
    } catch (ImageRejectedException e) {
      return Optional.empty();
    }
  }

  private static String name(Letter letter) {
    String own = letter.fileName().or(letter::imageId).orElse("");
    String plain =
        own.replaceFirst("\\.[A-Za-z0-9]{1,8}$", "")
            .replaceAll("[^A-Za-z0-9_-]+", "_")
            .replaceAll("^_+|_+$", "");
    return "%d-%d%s"
        .formatted(
            letter.record().partition(),
            letter.record().offset(),
            plain.isEmpty()
                ? ""
                : "-" + plain.substring(0, Math.min(LONGEST_NAME, plain.length())));
  }

  /** By what the file is, and not by what a record calls it. */
  private static String ending(Letter letter, byte[] file) {
    Optional<ImageFormat> format = format(file);
    if (format.isPresent()) {
      return format.get() == ImageFormat.JPEG
          ? ".jpg"
          : "." + format.get().name().toLowerCase(Locale.ROOT);
    }
    return letter
        .fileName()
        .map(name -> name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT))
        .filter(OTHER_PICTURES::contains)
        .map(ending -> "." + ending)
        .orElse(".bin");
  }

  private Path write(String name, String ending, byte[] content) throws IOException {
    for (int copy = 1; ; copy++) {
      Path file = folder.resolve(name + (copy == 1 ? "" : "_" + copy) + ending);
      try {
        return Files.write(file, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      } catch (FileAlreadyExistsException e) {
        if (Files.isRegularFile(file) && Arrays.equals(Files.readAllBytes(file), content)) {
          return file;
        }
      }
    }
  }
}
