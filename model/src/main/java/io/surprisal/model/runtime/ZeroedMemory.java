package io.surprisal.model.runtime;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * As long as one is open, memory that native code gets is zero: a convolution's backward pass
 * multiplies by zero what nobody has written, and zero times what was once no number is none. Seen
 * with libtorch 2.7.1 on a processor with AVX-512 (Zen 5), where every other run of {@code fit}
 * ended so. Costs a sixth of the time, so it is for trainings alone.
 *
 * <p>By glibc's {@code mallopt} (M_PERTURB); nothing elsewhere, or where the user has set {@code
 * MALLOC_PERTURB_}. Thread-safe.
 */
public final class ZeroedMemory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ZeroedMemory.class);
  private static final int M_PERTURB = -6;

  /** What is freed is filled with this byte, what is given out with its complement. */
  private static final int ZERO_WHEN_GIVEN = 0xff;

  private static int open;
  private boolean closed;

  /** The C library's. */
  private interface Functions extends Library {
    int mallopt(int parameter, int value);
  }

  private ZeroedMemory() {}

  /** Until it is closed. */
  public static ZeroedMemory open() {
    synchronized (ZeroedMemory.class) {
      if (open++ == 0) {
        fill(ZERO_WHEN_GIVEN);
      }
    }
    return new ZeroedMemory();
  }

  private static void fill(int value) {
    if (!Platform.isLinux() || System.getenv("MALLOC_PERTURB_") != null) {
      return;
    }
    try {
      Native.load("c", Functions.class).mallopt(M_PERTURB, value);
    } catch (LinkageError e) {
      LOG.debug("This C library has no mallopt", e);
    }
  }

  @Override
  public void close() {
    synchronized (ZeroedMemory.class) {
      if (!closed) {
        closed = true;
        if (--open == 0) {
          fill(0);
        }
      }
    }
  }
}
