package io.surprisal.model.compression;

import io.surprisal.model.runtime.TorchRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What rounding is known to depend on, as text for people: an archive says where it was written, so
 * that a machine that cannot decode it can say in what it differs.
 *
 * @param torch version of PyTorch
 * @param processor kind of processor, or the GPU
 * @param instructions vector instructions that kernels choose from, and settings that limit them
 */
record Machine(String torch, String processor, String instructions) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final List<String> SETS = List.of("avx2", "avx512f", "amx_tile");
  private static final List<String> LIMITS = List.of("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA");
  private static final String SEPARATOR = "; ";

  /** The one that this runs on. */
  static Machine here(String device) {
    List<String> instructions = new ArrayList<>(sets());
    for (String limit : LIMITS) {
      Optional.ofNullable(System.getenv(limit)).ifPresent(v -> instructions.add(limit + "=" + v));
    }
    int threads = TorchRuntime.operatorThreads();
    if (threads > 1) {
      instructions.add(threads + " threads an operator");
    }
    return new Machine(
        TorchRuntime.engine().getVersion(),
        System.getProperty("os.arch") + " " + device,
        instructions.isEmpty() ? "plain" : String.join(" ", instructions));
  }

  private static List<String> sets() {
    try (Stream<String> lines = Files.lines(CPU_INFO)) {
      List<String> flags =
          lines
              .filter(line -> line.startsWith("flags"))
              .findFirst()
              .map(line -> List.of(line.toLowerCase(Locale.ROOT).split("\\s+")))
              .orElse(List.of());
      return SETS.stream().filter(flags::contains).toList();
    } catch (IOException unknown) { // no Linux: the machine says no more of itself
      return List.of();
    }
  }

  /** As archives hold it. */
  String text() {
    return String.join(SEPARATOR, torch, processor, instructions);
  }

  /** Reads {@link #text}. */
  static Machine of(String text) {
    String[] parts = text.split(SEPARATOR, 3);
    return new Machine(
        parts[0], parts.length > 1 ? parts[1] : "?", parts.length > 2 ? parts[2] : "?");
  }

  /** In what another differs from this one, for people. */
  String differences(Machine other) {
    List<String> differences = new ArrayList<>();
    add(differences, "PyTorch", torch, other.torch);
    add(differences, "the processor", processor, other.processor);
    add(differences, "vector instructions", instructions, other.instructions);
    return differences.isEmpty()
        ? "none of PyTorch's version, the kind of processor and its vector instructions differ"
        : String.join(", ", differences);
  }

  private static void add(List<String> to, String what, String there, String here) {
    if (!there.equals(here)) {
      to.add("%s there %s, here %s".formatted(what, there, here));
    }
  }
}
