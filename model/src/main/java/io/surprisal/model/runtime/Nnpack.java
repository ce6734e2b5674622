package io.surprisal.model.runtime;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A library of convolutions that PyTorch asks for beside oneDNN and never takes where there is
 * oneDNN. Where a processor tells no cache sizes it is not to be had, and PyTorch says so in a line
 * of standard error for each convolution of a small batch; nothing but PyTorch's own switch, which
 * DJL does not have, keeps it from that.
 */
final class Nnpack {
  private static final Logger LOG = LoggerFactory.getLogger(Nnpack.class);
  private static final String LIBRARY = "/libtorch_cpu.so";
  private static final Path LOADED = Path.of("/proc/self/maps");

  private Nnpack() {}

  /** Not asked for from now on; once PyTorch is loaded. On Linux alone. */
  static void turnOff() {
    try {
      Optional<String> library = library();
      if (library.isPresent()) {
        NativeLibrary torch = NativeLibrary.getInstance(library.get());
        // at::globalContext().setUserEnabledNNPACK(false)
        Pointer context = torch.getFunction("_ZN2at13globalContextEv").invokePointer(new Object[0]);
        torch
            .getFunction("_ZN2at7Context20setUserEnabledNNPACKEb")
            .invokeVoid(new Object[] {context, false});
      }
    } catch (IOException | LinkageError e) {
      LOG.debug("PyTorch goes on asking for NNPACK", e);
    }
  }

  /** The one that this process has loaded, wherever from. */
  private static Optional<String> library() throws IOException {
    if (!Files.isReadable(LOADED)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(LOADED)) {
      return lines
          .filter(line -> line.endsWith(LIBRARY))
          .map(line -> line.substring(line.indexOf('/')))
          .findFirst();
    }
  }
}
