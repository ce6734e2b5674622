package io.surprisal.model.checks;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Files that are whole or not there: written beside under another name, and then renamed. Where the
 * disk is full, the failure names the file.
 */
public final class WholeFile {

  /** What Linux says of a full disk (ENOSPC). */
  private static final String FULL_DISK = "No space left on device";

  private WholeFile() {}

  /** What a file is to hold. */
  @FunctionalInterface
  public interface Content {

    /** Writes all of it; the stream is closed by the caller. */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Writes a file, in place of one that may be there.
   *
   * @throws IOException if it cannot be written; what was there is as it was
   */
  public static void write(Path file, Content content) throws IOException {
    replace(
        file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp"),
        file,
        partial -> {
          try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(partial))) {
            content.writeTo(out);
          }
        });
  }

  /**
   * Writes a file, in place of one that may be there, and has it on the disk before its name is.
   *
   * @param partial what it is called until then, in the same folder
   * @throws IOException if it cannot be written; what was there is as it was
   */
  public static void force(Path partial, Path file, byte[] bytes) throws IOException {
    replace(
        partial,
        file,
        written -> {
          try (FileChannel channel =
              FileChannel.open(written, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
              channel.write(left);
            }
            channel.force(true);
          }
        });
  }

  @FunctionalInterface
  private interface Writing {
    void to(Path partial) throws IOException;
  }

  private static void replace(Path partial, Path file, Writing writing) throws IOException {
    try {
      writing.to(partial);
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw named(file, e);
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  /** The same failure with the file's name, which the system does not say of a full disk. */
  private static IOException named(Path file, IOException failure) {
    if (failure instanceof FileSystemException || !FULL_DISK.equals(failure.getMessage())) {
      return failure;
    }
    FileSystemException named = new FileSystemException(file.toString(), null, FULL_DISK);
    named.initCause(failure);
    return named;
  }
}
