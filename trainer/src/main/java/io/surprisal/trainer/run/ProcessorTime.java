package io.surprisal.trainer.run;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** How long the threads of this process have run, and waited for a processor. */
interface ProcessorTime {

  /**
   * So far.
   *
   * @param ran processor nanoseconds of all threads
   * @param waited nanoseconds that threads could have run and did not; negative: not known
   */
  record Reading(long ran, long waited) {
    long ranSince(Reading before) {
      return ran - before.ran;
    }

    /** What is not known counts as endless; threads that have ended take theirs away. */
    double waitedSince(Reading before) {
      return waited < 0 || before.waited < 0
          ? Double.POSITIVE_INFINITY
          : Math.max(0, waited - before.waited);
    }
  }

  /** What is so now. */
  Reading read();

  /** Of this process, its waiting where Linux says it. */
  static ProcessorTime ofThisProcess() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return () -> new Reading(system.getProcessCpuTime(), waited(Path.of("/proc/self/task")));
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
