package io.surprisal.service.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a process holds of the machine's memory, heap and native, as Linux tells it.
 *
 * @param residentMebibytes now; NaN where the system does not tell
 * @param peakMebibytes at most so far; NaN where the system does not tell
 */
record ProcessMemory(double residentMebibytes, double peakMebibytes) {
  private static final double KIBIBYTES_A_MEBIBYTE = 1024;

  /**
   * Of a process that runs.
   *
   * @param pid its id
   */
  static ProcessMemory of(long pid) {
    Path status = Path.of("/proc", String.valueOf(pid), "status");
    if (!Files.isReadable(status)) {
      return new ProcessMemory(Double.NaN, Double.NaN);
    }
    try {
      List<String> lines = Files.readAllLines(status);
      return new ProcessMemory(mebibytes(lines, "VmRSS:"), mebibytes(lines, "VmHWM:"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double mebibytes(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")))
        .map(kibibytes -> kibibytes / KIBIBYTES_A_MEBIBYTE)
        .findFirst()
        .orElse(Double.NaN);
  }
}
