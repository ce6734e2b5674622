package io.surprisal.service.cli;

import io.surprisal.model.datasets.NoPicturesException;
import io.surprisal.model.release.ReleaseException;
import io.surprisal.model.runtime.DeviceUnavailableException;
import java.io.FileNotFoundException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigException;

/**
 * What a user gets to see of an exception: one line, and the exit code.
 *
 * @param exitCode {@link #FAILED}, {@link #USAGE} or {@link #MISSING_DEPENDENCY}
 * @param message one line that names the thing and, where there is one, the remedy
 */
public record Failure(int exitCode, String message) {

  /** Kafka Streams writes whole stack traces into some messages. */
  private static final Pattern STACK_TRACE = Pattern.compile(",? ?stacktrace=.*");

  /** What PyTorch says of a device's memory, in the midst of its own stack trace. */
  private static final Pattern NATIVE_OUT_OF_MEMORY =
      Pattern.compile(
          "CUDA out of memory\\..*? is free\\."
              + "|DefaultCPUAllocator: (?:can't allocate|not enough) memory: you tried to allocate \\d+ bytes\\.");

  /** What Linux says of a full disk (ENOSPC), through Java and through RocksDB. */
  private static final String FULL_DISK = "No space left on device";

  private static final String MAKE_ROOM =
      "; make room there, or name another place, and start again: what was committed is kept";

  public static final int FAILED = 1;
  public static final int USAGE = 2;
  static final int MISSING_DEPENDENCY = 3;

  public static Failure of(Throwable thrown) {
    Optional<String> full = fullDisk(thrown);
    if (full.isPresent()) {
      return new Failure(FAILED, full.get());
    }
    Throwable cause = unwrapped(thrown);
    if (cause instanceof MissingDependencyException
        || cause instanceof ReleaseException
        || cause instanceof NoPicturesException
        || cause instanceof DeviceUnavailableException) {
      return missing(String.valueOf(cause.getMessage()));
    }
    if (cause instanceof NoSuchFileException file) {
      return missing(
          "no such file or directory: "
              + file.getFile()
              + Optional.ofNullable(file.getReason()).map(reason -> "; " + reason).orElse(""));
    }
    if (cause instanceof AccessDeniedException file) {
      return missing(
          "permission denied: " + file.getFile() + "; change its rights or name another");
    }
    if (cause instanceof NotDirectoryException file) {
      return missing("not a directory: " + file.getFile());
    }
    if (cause instanceof FileSystemException file) {
      return missing(
          file.getFile() + ": " + Optional.ofNullable(file.getReason()).orElse("cannot be used"));
    }
    if (cause instanceof FileNotFoundException) {
      return missing("cannot open " + cause.getMessage());
    }
    if (cause instanceof BindException) {
      return missing("the port is taken (" + cause.getMessage() + "); name another with --port");
    }
    Optional<String> refusal = Refusals.of(cause);
    if (refusal.isPresent()) {
      return new Failure(FAILED, refusal.get());
    }
    if (cause instanceof org.apache.kafka.common.errors.TimeoutException) {
      return missing("the broker does not answer: " + oneLine(cause));
    }
    if (cause instanceof ConfigException) {
      return new Failure(USAGE, oneLine(cause));
    }
    if (cause instanceof OutOfMemoryError) {
      return new Failure(
          FAILED,
          "out of memory ("
              + oneLine(cause)
              + "); give more with SURPRISAL_HEAP=4g, or take fewer images or a smaller --batch");
    }
    Matcher outOfMemory = NATIVE_OUT_OF_MEMORY.matcher(oneLine(cause));
    if (outOfMemory.find()) {
      return new Failure(FAILED, outOfMemory.group() + " Take smaller batches");
    }
    return new Failure(FAILED, oneLine(cause));
  }

  /**
   * What an exception and its causes say, in one line: where a commit fails, the stream's own
   * message tells that it did, and only the last cause why.
   */
  public static String story(Throwable thrown) {
    Optional<String> full = fullDisk(thrown);
    if (full.isPresent()) {
      return full.get();
    }
    return plainStory(thrown);
  }

  private static String plainStory(Throwable thrown) {
    List<String> told = new ArrayList<>();
    for (Throwable cause = unwrapped(thrown); cause != null; cause = cause.getCause()) {
      String words = STACK_TRACE.matcher(words(cause)).replaceAll("");
      if (told.stream().noneMatch(before -> before.contains(words))) {
        told.add(words);
      }
    }
    return String.join(": ", told);
  }

  /** Of a disk that is full, which many things fail of, and what helps. */
  private static Optional<String> fullDisk(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause.getMessage() != null && cause.getMessage().contains(FULL_DISK)) {
        String told = plainStory(thrown);
        return Optional.of(told.contains(MAKE_ROOM) ? told : told + MAKE_ROOM);
      }
    }
    return Optional.empty();
  }

  private static String words(Throwable cause) {
    return cause.getMessage() == null || cause.getMessage().isBlank()
        ? cause.getClass().getSimpleName()
        : oneLine(cause);
  }

  private static Failure missing(String message) {
    return new Failure(MISSING_DEPENDENCY, message);
  }

  /**
   * The exception that says something, without the carriers that futures and streams wrap it in.
   */
  private static Throwable unwrapped(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null
        && (cause instanceof ExecutionException
            || cause instanceof CompletionException
            || cause instanceof UncheckedIOException)) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static String oneLine(Throwable cause) {
    String message = cause.getMessage();
    if (message == null || message.isBlank()) {
      return cause.getClass().getSimpleName() + "; repeat with --verbose to see where";
    }
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
