package io.surprisal.service.bench;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.Objects;

/**
 * What this process holds at a moment of a soak.
 *
 * @param minute since the soak's start
 * @param imagesPerSecond scored since the look before
 * @param worstLatencyMillis from an image's timestamp to its score, since the look before
 * @param heapMebibytes in use after the last collection
 * @param residentMebibytes of the process, heap and native; NaN where the system does not tell
 * @param threads alive
 * @param fileHandles open; −1 where the system does not tell
 * @param nativeHandles arrays of the network that are alive
 */
record Footprint(
    double minute,
    double imagesPerSecond,
    long worstLatencyMillis,
    double heapMebibytes,
    double residentMebibytes,
    int threads,
    long fileHandles,
    int nativeHandles) {
  private static final double MEBIBYTE = 1024.0 * 1024;

  static Footprint now(
      double minute, double imagesPerSecond, long worstLatencyMillis, int nativeHandles) {
    long heap =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getCollectionUsage)
            .filter(Objects::nonNull)
            .mapToLong(MemoryUsage::getUsed)
            .sum();
    long files =
        ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
            ? unix.getOpenFileDescriptorCount()
            : -1;
    return new Footprint(
        minute,
        imagesPerSecond,
        worstLatencyMillis,
        heap / MEBIBYTE,
        ProcessMemory.of(ProcessHandle.current().pid()).residentMebibytes(),
        ManagementFactory.getThreadMXBean().getThreadCount(),
        files,
        nativeHandles);
  }
}
