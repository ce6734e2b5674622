package io.surprisal.service.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;

/**
 * A machine's clock that a test sets while processes run by it, by libfaketime (Debian's package
 * faketime). Time that only passes, such as that of {@link System#nanoTime}, passes as it does.
 */
final class JumpingClock {
  private final Path file;

  /** Goes right. */
  JumpingClock(Path folder) throws IOException {
    file = folder.resolve("clock");
    set("+0");
  }

  /**
   * Sets it.
   *
   * @param ahead of the right time, such as {@code +6h}
   */
  void set(String ahead) throws IOException {
    Path next = Files.writeString(file.resolveSibling("clock.next"), ahead);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Variables of a process that runs by it. */
  Map<String, String> environment() {
    return Map.of(
        "LD_PRELOAD",
        library().toString(),
        "FAKETIME_TIMESTAMP_FILE",
        file.toString(),
        "FAKETIME_CACHE_DURATION",
        "1",
        "FAKETIME_DONT_FAKE_MONOTONIC",
        "1",
        "FAKETIME_FORCE_MONOTONIC_FIX",
        "0",
        "NO_FAKE_STAT",
        "1");
  }

  private static Path library() {
    try (DirectoryStream<Path> architectures = Files.newDirectoryStream(Path.of("/usr/lib"))) {
      for (Path architecture : architectures) {
        Path library = architecture.resolve("faketime/libfaketimeMT.so.1");
        if (Files.exists(library)) {
          return library;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new IllegalStateException("faketime has no libfaketimeMT.so.1 in /usr/lib");
  }
}
