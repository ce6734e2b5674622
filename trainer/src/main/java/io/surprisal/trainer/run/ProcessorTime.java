package io.surprisal.trainer.run;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How long the threads of this process have run, and waited for a processor, and how long the
 * machine's processors had nothing to do.
 */
interface ProcessorTime {

  /**
   * So far.
   *
   * @param ran processor nanoseconds of all threads
   * @param waited nanoseconds that threads could have run and did not; negative: not known
   * @param idle nanoseconds that the machine's processors, together, had nothing to do; negative:
   *     not known
   */
  record Reading(long ran, long waited, long idle) {
    long ranSince(Reading before) {
      return ran - before.ran;
    }

    /** What is not known counts as endless; threads that have ended take theirs away. */
    double waitedSince(Reading before) {
      return waited < 0 || before.waited < 0
          ? Double.POSITIVE_INFINITY
          : Math.max(0, waited - before.waited);
    }

    /** What is not known counts as nothing. */
    long idleSince(Reading before) {
      return idle < 0 || before.idle < 0 ? 0 : Math.max(0, idle - before.idle);
    }
  }

  /** What is so now. */
  Reading read();

  /** Of this process, its waiting where Linux says it. */
  static ProcessorTime ofThisProcess() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    int processors = Runtime.getRuntime().availableProcessors();
    return () ->
        new Reading(
            system.getProcessCpuTime(),
            waited(Path.of("/proc/self/task")),
            idle(Path.of("/proc/stat"), processors));
  }

  /**
   * The fourth and fifth number of the first line (proc(5)): idle, and waiting for disks. Where
   * this process may not use all processors that are counted there, what is idle says nothing.
   */
  private static long idle(Path counters, int processors) {
    try {
      List<String> lines =
          Files.readAllLines(counters).stream().filter(line -> line.startsWith("cpu")).toList();
      if (lines.size() != processors + 1) {
        return -1;
      }
      String[] numbers = lines.get(0).split(" +", -1);
      long ticks = Long.parseLong(numbers[4]) + Long.parseLong(numbers[5]);
      return ticks * 10_000_000; // a hundred a second
    } catch (IOException e) {
      return -1; // no Linux
    }
  }

  /**
   * The second number of each thread's {@code schedstat} (Linux,
   * Documentation/scheduler/sched-stats.rst), in all.
   */
  private static long waited(Path threads) {
    long waited = 0;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(threads)) {
      for (Path thread : all) {
        try {
          String[] numbers = Files.readString(thread.resolve("schedstat")).trim().split(" ", -1);
          waited += Long.parseLong(numbers[1]);
        } catch (IOException e) {
          if (Files.exists(thread)) {
            return -1; // this kernel does not say it
          }
        }
      }
      return waited;
    } catch (IOException e) {
      return -1; // no Linux
    }
  }
}
